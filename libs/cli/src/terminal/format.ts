/** Enough of a key or a name to tell it from others; commands accept it where they ask for the whole. */
export function short(hex: string): string {
  return hex.length > 8 ? `${hex.slice(0, 8)}…` : hex;
}

/** A few names, and how many more there are. */
export function names(list: readonly string[], most = 4): string {
  const shown = list.slice(0, most).map(short).join(', ');
  return list.length > most ? `${shown} and ${list.length - most} more` : shown;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Two figures are enough for a person: `12 ms`, `1.4 s`, `3 min`, `5 h`, `2 d`. */
export function duration(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < 2 * MINUTE) return `${Math.round(ms / SECOND)} s`;
  if (ms < 2 * HOUR) return `${Math.round(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.round(ms / HOUR)} h`;
  return `${Math.round(ms / DAY)} d`;
}

/** `now` and the future are "now": clocks differ a little. */
export function ago(time: string | null, now: number): string {
  if (time === null) return 'never';
  const ms = now - Date.parse(time);
  return ms < SECOND ? 'now' : `${duration(ms)} ago`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `false-accusation` → `false accusation`. */
export function words(reason: string): string {
  return reason.replaceAll('-', ' ');
}

/** What a person has to read of an error: no honest text is longer. */
const PLAIN_LENGTH_MAX = 1000;

/**
 * A text that somebody else wrote, as one line that says no more than it shows: a terminal obeys control characters, so that
 * a gateway could draw over what was printed, or print a verdict of its own. What comes in a form of its own (hex, numbers,
 * one of a few words) has been checked for it, and needs none of this.
 */
export function plain(text: string): string {
  const shown = text.length > PLAIN_LENGTH_MAX ? `${text.slice(0, PLAIN_LENGTH_MAX)}…` : text;
  return shown.replace(/[\t\r\n]+/g, ' ').replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\ufffd');
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
