import { cx, html, useEffect, useState } from '../lib/ui.js';

const SHOWN_MS = 1600;

/** Copies a text and says so. @param {{ text: string, label: string }} props */
export function Copy({ text, label }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = window.setTimeout(() => setDone(false), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [done]);
  const copy = async () => setDone(await write(text));
  const said = done ? 'Copied' : label;
  return html`<button type="button" class=${cx('copy', done && 'done')} onClick=${copy} aria-label=${said} title=${said}>
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d=${done ? 'M3 8.5l3.2 3.2L13 5' : 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3'} />
    </svg>
  </button>`;
}

/**
 * The clipboard API exists on secure origins only, and a gateway is often looked at over plain HTTP.
 * @param {string} text
 */
async function write(text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not permitted: the old way may still be.
    }
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  area.setAttribute('aria-hidden', 'true');
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
