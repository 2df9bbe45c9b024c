import { duration, plural } from '../lib/format.js';
import { html } from '../lib/ui.js';
import { SESSION_LOOK, sessionTitle, standing } from '../model/describe.js';
import { PHASE_TEXT, timelineOf, words } from '../model/timeline.js';
import { Ago, useFrameTime } from './ago.js';
import { Chart } from './chart.js';
import { Copy } from './copy.js';
import { Legend } from './glyph.js';
import { Hex } from './hex.js';
import { Badge, Icon } from './icons.js';
import { KeyName, NodeName } from './mark.js';
import { SessionTable } from './session-table.js';
import { Sessions } from './sessions.js';

/**
 * @typedef {import('@witan/api').Session} Session
 * @typedef {import('../state.js').State} State
 */

/** How the section makes its keys: one session drawn out, the others to choose from. @param {{ session: Session | null, sessions: State['sessions'], stale: boolean, onOlder: () => void }} props */
export function Dkg({ session, sessions, stale, onOlder }) {
  return html`<section class="sheet dkg" aria-labelledby="dkg-title">
    <div class="sheet-head">
      <h2 id="dkg-title">Key generation</h2>
      <p>Six phases, each closed by agreement of the participants.</p>
    </div>
    ${session ? html`<${SessionView} key=${session.id} session=${session} stale=${stale} />` : html`<p class="muted">No session has been run yet.</p>`}
    ${sessions.items.length > 0 && html`<${Sessions} sessions=${sessions} current=${session?.id ?? null} onOlder=${onOlder} />`}
  </section>`;
}

/** @param {{ session: Session, stale: boolean }} props */
function SessionView({ session, stale }) {
  const isOver = session.state === 'done' || session.state === 'failed';
  const time = useFrameTime(!isOver && !stale);
  const timeline = timelineOf(session, time);
  const { word, tone, icon } = SESSION_LOOK[session.state];
  return html`<div class="session" data-session=${session.id} data-state=${session.state}>
    <div class="session-head">
      <h3>${sessionTitle(session)}</h3>
      <${Badge} tone=${tone} icon=${icon}>${word}<//>
      <p>${standing(session)}</p>
    </div>
    ${timeline && isAwaiting(timeline) && html`<${WaitingOn} session=${session} />`}
    ${session.blame.length > 0 && html`<${Blamed} session=${session} />`}
    ${timeline ? html`<${Chart} timeline=${timeline} /><${Legend} />` : html`<p class="muted">It ended before this gateway listened, and those who took part do not remember how it went.</p>`}
    <dl class="session-facts">
      <div><dt>Session</dt><dd><${Hex} value=${session.id} what="session" /></dd></div>
      <div><dt>Threshold</dt><dd>${session.threshold} of ${session.participants.length}</dd></div>
      ${timeline && html`<${Times} timeline=${timeline} />`}
      ${session.resultKey && html`<div><dt>Made the key</dt><dd><${KeyName} value=${session.resultKey} copy /></dd></div>`}
    </dl>
    ${
      timeline &&
      html`<details class="as-table">
      <summary>The same as a table</summary>
      <${SessionTable} timeline=${timeline} />
    </details>`
    }
  </div>`;
}

/** @param {{ timeline: import('../model/timeline.js').Timeline }} props */
function Times({ timeline: { session, start, end, ended } }) {
  return html`<div><dt>Started</dt><dd><${Ago} at=${start} /></dd></div>
      <div><dt>${ended ? 'Took' : 'Running for'}</dt><dd class="numeric">${duration(end - start)}</dd></div>
      <div><dt>Anti-entropy</dt><dd>${repairs(session)}</dd></div>`;
}

/** A phase that lasts no longer than this waits for nobody in particular: its messages are on their way. */
const PATIENCE_MS = 1500;

/** @param {import('../model/timeline.js').Timeline} timeline */
function isAwaiting({ session, bands, ended }) {
  if (ended || session.waitingOn.length === 0) return false;
  const open = bands.find(({ state }) => state === 'open');
  return session.state === 'stalled' || (open !== undefined && open.durationMs > PATIENCE_MS);
}

/** @param {Session} session */
function repairs({ antiEntropy: { requests, messagesRecovered } }) {
  if (requests === 0) return 'not needed';
  return `${plural(messagesRecovered, 'message')} recovered in ${plural(requests, 'request')}`;
}

const NAMED = 8;

/** @param {{ session: Session }} props */
function WaitingOn({ session }) {
  const rest = session.waitingOn.length - NAMED;
  return html`<div class=${`waiting-on ${session.state === 'stalled' ? 'bad' : 'warn'}`}>
    <strong><${Icon} name="wait" /> Waiting on</strong>
    <ul>
      ${session.waitingOn.slice(0, NAMED).map((name) => html`<li key=${name}><${NodeName} name=${name} /></li>`)}
      ${rest > 0 && html`<li class="muted">and ${rest} more</li>`}
    </ul>
  </div>`;
}

/** @param {{ session: Session }} props */
function Blamed({ session }) {
  return html`<ul class="blame-list" aria-label="Blame">
    ${session.blame.map(
      ({ node, reason, phase, evidence }) => html`<li key=${`${node}${reason}`}>
        <strong><${Icon} name="blame" /> Blamed</strong>
        <${NodeName} name=${node} />
        <span>${words(reason)} in ${PHASE_TEXT[phase].title}, proved by ${plural(evidence.length, 'signed message')}</span>
        <${Copy} text=${JSON.stringify({ session: session.id, node, reason, phase, evidence })} label="Copy the evidence as JSON" />
      </li>`,
    )}
  </ul>`;
}
