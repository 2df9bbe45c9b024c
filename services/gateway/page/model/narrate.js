import { duration, list, plural, short } from '../lib/format.js';
import { PHASE_TEXT, words } from './timeline.js';

/**
 * @typedef {import('@witan/api').WitanEvent} WitanEvent
 *
 * An event as a sentence. `node` and `key` are shown with their mark or seal; `tone` picks icon and colour.
 * @typedef {object} Line
 * @property {string} id the same for the event and for what a session remembers of it
 * @property {number} at
 * @property {string} type
 * @property {string} text
 * @property {'plain' | 'good' | 'repair' | 'bad'} tone
 * @property {string} [node]
 * @property {string} [key]
 * @property {string} [session]
 * @property {boolean} [spoken] important enough to be read aloud
 */

/**
 * @param {WitanEvent} event
 * @returns {Line | null} null for what only makes sense in bulk: single messages and phases that begin
 */
export function narrate(event) {
  const told = tell(event);
  return told && { id: idOf(event), at: Date.parse(event.at), type: event.type, ...told };
}

/** @param {WitanEvent} event */
function idOf(event) {
  switch (event.type) {
    case 'dkg.started':
    case 'dkg.done':
    case 'dkg.failed':
      return `${event.type}/${event.data.session}`;
    case 'dkg.repaired':
      return `${event.type}/${event.data.session}/${event.data.node}/${event.at}`;
    case 'dkg.blamed':
      return `${event.type}/${event.data.session}/${event.data.node}/${event.data.reason}`;
    default:
      return event.id;
  }
}

/**
 * @param {WitanEvent} event
 * @returns {Omit<Line, 'id' | 'at' | 'type'> | null}
 */
function tell(event) {
  switch (event.type) {
    case 'dkg.started': {
      const { session, generation, attempt, participants } = event.data;
      const again = attempt > 0 ? `, attempt ${attempt + 1}` : '';
      const text = `DKG session for generation ${generation} began with ${plural(participants.length, 'participant')}${again}`;
      return { text, tone: 'plain', session, spoken: true };
    }
    case 'dkg.closed': {
      const { session, phase, view, included, durationMs } = event.data;
      const late = view > 0 ? `, in view ${view}` : '';
      const what = included.length > 0 ? `with ${plural(included.length, 'message')}` : 'with nobody accused';
      return {
        text: `${PHASE_TEXT[phase].title} closed after ${duration(durationMs)} ${what}${late}`,
        tone: 'plain',
        session,
      };
    }
    case 'dkg.repaired': {
      const { session, node, recovered, reason } = event.data;
      const text = `got ${plural(recovered, 'message')} by anti-entropy (${words(reason)})`;
      return { text, tone: 'repair', node, session };
    }
    case 'dkg.blamed': {
      const { session, node, reason, phase } = event.data;
      const text = `is blamed in ${PHASE_TEXT[phase].title}: ${words(reason)}`;
      return { text, tone: 'bad', node, session, spoken: true };
    }
    case 'dkg.stalled': {
      const { session, phase, waitingOn } = event.data;
      const text = `${PHASE_TEXT[phase].title} is stalled, waiting on ${list(waitingOn.map(short))}`;
      return { text, tone: 'bad', session, spoken: true };
    }
    case 'dkg.done': {
      const { session, resultKey, durationMs } = event.data;
      return { text: `was made in ${duration(durationMs)}`, tone: 'good', key: resultKey, session, spoken: true };
    }
    case 'dkg.failed': {
      const { session, phase, reason } = event.data;
      const text = `DKG session failed in ${PHASE_TEXT[phase].title}: ${words(reason)}`;
      return { text, tone: 'bad', session, spoken: true };
    }
    case 'decision': {
      const { generation, kind, view } = event.data;
      const late = view > 0 ? ` in view ${view}` : '';
      return { text: `Elders decided generation ${generation}${late}: ${words(kind)}`, tone: 'plain' };
    }
    case 'membership':
      return { text: `${event.data.change}, age ${event.data.age}`, tone: 'plain', node: event.data.node };
    case 'handover': {
      const { generation, key } = event.data;
      return { text: `governs since generation ${generation}`, tone: 'good', key, spoken: true };
    }
    case 'heartbeat': {
      const { node, live } = event.data;
      return {
        text: live ? 'is reachable again' : 'stopped answering',
        tone: live ? 'good' : 'bad',
        node,
        spoken: true,
      };
    }
    default:
      return null;
  }
}
