import { clock, duration, plural, short } from '../lib/format.js';
import { PHASE_TEXT, words } from './timeline.js';

/**
 * @typedef {import('./timeline.js').Timeline} Timeline
 * @typedef {import('./timeline.js').Lane} Lane
 * @typedef {import('./timeline.js').Cell} Cell
 * @typedef {import('@witan/api').Session} Session
 */

/**
 * What one participant did in one phase, in full sentences: the same words below the chart and in the table.
 * @param {Timeline} timeline
 * @param {Lane} lane
 * @param {number} phase index
 */
export function describeCell(timeline, lane, phase) {
  const cell = /** @type {Cell} */ (lane.cells[phase]);
  const said = [saying(timeline, cell)];
  for (const repair of repairsIn(timeline, lane, phase)) {
    const after = duration(repair.time - timeline.start);
    said.push(
      `Anti-entropy brought it ${plural(repair.recovered, 'message')} after ${after} (${words(repair.reason)}).`,
    );
  }
  if (cell.blame) {
    said.push(
      `Blamed: ${words(cell.blame.reason)}, proved by ${plural(cell.blame.evidence.length, 'signed message')}.`,
    );
  }
  return said.join(' ');
}

/**
 * The same in a few words, for a table.
 * @param {Timeline} timeline
 * @param {Lane} lane
 * @param {number} phase index
 */
export function briefCell(timeline, lane, phase) {
  const cell = /** @type {Cell} */ (lane.cells[phase]);
  const at = cell.at === null ? '' : `, at ${duration(cell.at - timeline.start)}`;
  const said = [`${BRIEF[cell.state]}${at}`];
  for (const { recovered, reason } of repairsIn(timeline, lane, phase)) {
    said.push(`${plural(recovered, 'message')} repaired (${words(reason)})`);
  }
  if (cell.blame) said.push(`blamed: ${words(cell.blame.reason)}`);
  return said.join('; ');
}

/** @type {Record<Cell['state'], string>} */
const BRIEF = {
  counted: 'counted',
  unseen: 'counted, not seen here',
  heard: 'heard',
  late: 'too late',
  waiting: 'waited for',
  missing: 'silent',
  none: 'nothing asked',
  ahead: 'to come',
};

/**
 * @param {Timeline} timeline
 * @param {Cell} cell
 */
function saying(timeline, cell) {
  const { sends } = PHASE_TEXT[cell.phase];
  const when = cell.at === null ? '' : ` after ${duration(cell.at - timeline.start)}, at ${clock(cell.at)}`;
  switch (cell.state) {
    case 'counted':
      return `Sent ${sends}${when}; the close counts it.`;
    case 'unseen':
      return `Sent ${sends}; the close counts it, though the gateway did not see the message itself.`;
    case 'heard':
      return `Sent ${sends}${when}.`;
    case 'late':
      return `Sent ${sends}${when}, too late for the close, which does not count it.`;
    case 'waiting':
      return `Waited for: has to send ${sends}.`;
    case 'missing':
      return `Silent: did not send ${sends} before the phase ended.`;
    case 'none':
      return 'Nothing was asked of it.';
    case 'ahead':
      return 'The phase has not begun.';
  }
}

/**
 * A repair belongs to the last phase begun by then, as on the chart.
 * @param {Timeline} timeline
 * @param {Lane} lane
 * @param {number} phase index
 */
export function repairsIn(timeline, lane, phase) {
  return lane.repairs.filter((repair) => {
    let found = 0;
    for (const [index, band] of timeline.bands.entries()) {
      if (band.start !== null && band.start <= repair.time) found = index;
    }
    return found === phase;
  });
}

/**
 * Where a session stands, in a sentence.
 * @param {Session} session
 */
export function standing(session) {
  const phase = session.phases.find(({ name }) => name === session.phase);
  const title = PHASE_TEXT[session.phase].title;
  switch (session.state) {
    case 'running':
      return phase && phase.expected > 0
        ? `${title}: ${phase.received} of ${phase.expected} messages are there.`
        : `${title}: nobody was accused.`;
    case 'stalled':
      return `${title} cannot close: too few answer. It goes on by itself when those it waits for return.`;
    case 'done':
      return `Made a key${session.durationMs === null ? '' : ` in ${duration(session.durationMs)}`}, held by ${plural(holders(session), 'participant')}; any ${session.threshold} of them sign.`;
    case 'failed':
      return `Ended${session.startedAt === null ? '' : ` in ${title}`} without a key. The elders may decide on another attempt, without those who are blamed, and with others in the place of those who were silent.`;
  }
}

/** @param {Session} session */
function holders(session) {
  const finalisation = session.phases.find(({ name }) => name === 'finalisation');
  return finalisation?.close?.included.length ?? session.participants.length;
}

/** @param {Session} session */
export function sessionTitle(session) {
  return `Generation ${session.generation}${session.attempt > 0 ? `, attempt ${session.attempt + 1}` : ''}`;
}

/** @type {Record<Session['state'], { word: string, tone: string, icon: string }>} */
export const SESSION_LOOK = {
  running: { word: 'Running', tone: 'info', icon: 'wait' },
  stalled: { word: 'Stalled', tone: 'bad', icon: 'alert' },
  done: { word: 'Done', tone: 'good', icon: 'check' },
  failed: { word: 'Failed', tone: 'bad', icon: 'cross' },
};

/** @param {Lane} lane */
export function laneLabel(lane) {
  return `${short(lane.name)}, participant ${lane.index + 1}`;
}
