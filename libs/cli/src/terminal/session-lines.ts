import type { PhaseView, Session } from '@witan/api';
import { fill, marks } from './bars.ts';
import { capital, duration, names, plural, short, words } from './format.ts';
import type { Style } from './style.ts';
import { width } from './wrap.ts';

const LABEL_WIDTH = 15;
const BAR_WIDTH_MAX = 28;
const BAR_WIDTH_MIN = 4;
/** Of a phase that has ended, without the bar. */
const LINE_WIDTH = 2 + LABEL_WIDTH + 23;

/** A session as a person wants to see it: one bar a phase, whom it waits for, what was repaired, who was caught. */
export function sessionLines(session: Session, style: Style, columns: number): string[] {
  const barWidth = Math.max(BAR_WIDTH_MIN, Math.min(BAR_WIDTH_MAX, columns - LINE_WIDTH));
  return [
    headLine(session, style),
    // Of a session that nobody remembers there is only its end.
    ...(session.startedAt === null ? [] : session.phases).flatMap((phase) =>
      phaseLines(phase, session, style, { columns, barWidth }),
    ),
    ...footLines(session, style),
  ];
}

function headLine(session: Session, { colours }: Style): string {
  const { participants, threshold, generation, attempt } = session;
  const facts = `generation ${generation}, attempt ${attempt}, ${plural(participants.length, 'participant')}, ${threshold} needed`;
  return `${colours.bold(`DKG ${short(session.id)}`)}  ${stateWord(session, colours)}  ${colours.dim(facts)}`;
}

export function stateWord(session: Session, colours: Style['colours']): string {
  const took = session.durationMs === null ? '' : ` in ${duration(session.durationMs)}`;
  switch (session.state) {
    case 'running':
      return colours.cyan('running');
    case 'stalled':
      return colours.yellow('stalled');
    case 'done':
      return colours.green(`done${took}`);
    case 'failed':
      return colours.red(`failed${took}`);
  }
}

function phaseLines(
  phase: PhaseView,
  session: Session,
  style: Style,
  { columns, barWidth }: { readonly columns: number; readonly barWidth: number },
): string[] {
  const { colours } = style;
  const label = capital(phase.name).padEnd(LABEL_WIDTH);
  if (phase.startedAt === null) return [colours.dim(`  ${label}${fill(0, 1, barWidth, style)}`)];
  const count = phase.expected === 0 ? 'nobody asked' : `${phase.received}/${phase.expected}`;
  const bar = fill(phase.received, phase.expected, barWidth, style);
  if (phase.endedAt !== null) {
    const took = duration(phase.durationMs ?? 0);
    const view = phase.closeView ? `  closed in view ${phase.closeView}` : '';
    return [`  ${label}${colours.green(bar)}  ${count.padEnd(12)} ${took.padStart(7)}${colours.yellow(view)}`];
  }
  const running = session.state === 'running' ? colours.cyan : colours.yellow;
  const line = `  ${colours.bold(label)}${running(bar)}  ${count}`;
  if (session.waitingOn.length === 0) return [line];
  const waiting = `waits for ${names(session.waitingOn, 2)}`;
  const whole = `${line.padEnd(line.length + 12 - count.length)} ${waiting}`;
  return width(whole) <= columns ? [whole] : [line, `  ${''.padEnd(LABEL_WIDTH)}${waiting}`];
}

function footLines(session: Session, style: Style): string[] {
  const { colours } = style;
  const mark = marks(style);
  const { requests, messagesRecovered } = session.antiEntropy;
  const lines = session.blame.map(
    (blame) =>
      `  ${colours.red(mark.bad)} ${short(blame.node)} ${words(blame.reason)}, in ${blame.phase} (${plural(blame.evidence.length, 'signed message')} as evidence)`,
  );
  if (requests > 0) {
    lines.push(
      `  ${colours.cyan(mark.half)} anti-entropy brought ${plural(messagesRecovered, 'message')} in ${plural(requests, 'request')}`,
    );
  }
  if (session.resultKey !== null) lines.push(`  ${colours.green(mark.good)} key ${short(session.resultKey)}`);
  return lines;
}
