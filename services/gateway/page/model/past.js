import { duration, plural } from '../lib/format.js';
import { PHASE_TEXT, words } from './timeline.js';

/**
 * @typedef {import('@witan/api').Session} Session
 * @typedef {import('./narrate.js').Line} Line
 */

/**
 * What the sessions themselves remember, in the lines of {@link import('./narrate.js').narrate}: who opens the page
 * finds the story so far.
 * @param {readonly Session[]} sessions
 * @returns {Line[]}
 */
export function pastLines(sessions) {
  const remembered = sessions.filter(({ startedAt }) => startedAt !== null);
  return remembered.flatMap((session) => [...ended(session), ...repaired(session), ...blamed(session), began(session)]);
}

/**
 * Live lines and remembered ones, each thing once, newest first.
 * @param {readonly Line[]} live
 * @param {readonly Line[]} past
 * @param {number} most
 */
export function story(live, past, most) {
  const told = new Set(live.map(({ id }) => id));
  return [...live, ...past.filter(({ id }) => !told.has(id))].sort((a, b) => b.at - a.at).slice(0, most);
}

/** @param {Session} session @returns {Line} */
function began({ id, generation, attempt, participants, startedAt }) {
  const again = attempt > 0 ? `, attempt ${attempt + 1}` : '';
  const text = `DKG session for generation ${generation} began with ${plural(participants.length, 'participant')}${again}`;
  return {
    id: `dkg.started/${id}`,
    at: Date.parse(startedAt ?? ''),
    type: 'dkg.started',
    text,
    tone: 'plain',
    session: id,
  };
}

/** @param {Session} session @returns {Line[]} */
function ended({ id, state, phase, resultKey, endedAt, durationMs }) {
  if (endedAt === null) return [];
  const line = { at: Date.parse(endedAt), session: id };
  if (state === 'done' && resultKey !== null) {
    const text = `was made in ${duration(durationMs ?? Number.NaN)}`;
    return [{ ...line, id: `dkg.done/${id}`, type: 'dkg.done', text, tone: 'good', key: resultKey }];
  }
  const text = `DKG session failed in ${PHASE_TEXT[phase].title}`;
  return [{ ...line, id: `dkg.failed/${id}`, type: 'dkg.failed', text, tone: 'bad' }];
}

/** @param {Session} session @returns {Line[]} */
function repaired({ id, repairs }) {
  return repairs.map(({ node, at, recovered, reason }) => ({
    id: `dkg.repaired/${id}/${node}/${at}`,
    at: Date.parse(at),
    type: 'dkg.repaired',
    text: `got ${plural(recovered, 'message')} by anti-entropy (${words(reason)})`,
    tone: /** @type {const} */ ('repair'),
    node,
    session: id,
  }));
}

/**
 * Blame has no time of its own: it was known when its phase ended.
 * @param {Session} session
 * @returns {Line[]}
 */
function blamed({ id, blame, phases, startedAt }) {
  return blame.map(({ node, reason, phase }) => {
    const view = phases.find(({ name }) => name === phase);
    return {
      id: `dkg.blamed/${id}/${node}/${reason}`,
      at: Date.parse(view?.endedAt ?? view?.startedAt ?? startedAt ?? ''),
      type: 'dkg.blamed',
      text: `is blamed in ${PHASE_TEXT[phase].title}: ${words(reason)}`,
      tone: /** @type {const} */ ('bad'),
      node,
      session: id,
    };
  });
}
