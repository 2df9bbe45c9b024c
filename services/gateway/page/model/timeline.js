/**
 * A DKG session as a chart wants it: phases as bands, participants as lanes, and one cell where they cross that says
 * what that participant did in that phase.
 *
 * @typedef {import('@witan/api').Session} Session
 * @typedef {import('@witan/api').PhaseView} PhaseView
 * @typedef {import('@witan/api').Phase} PhaseName
 * @typedef {Session['blame'][number]} Blame
 * @typedef {Session['repairs'][number]} Repair
 *
 * `counted`: in the close. `unseen`: in the close, though the gateway never saw the message. `heard`: seen, phase still
 * open. `late`: seen, not in the close. `waiting`: owed now. `missing`: owed and not there when the phase closed.
 * `none`: nothing owed. `ahead`: the phase has not begun.
 * @typedef {'counted' | 'unseen' | 'heard' | 'late' | 'waiting' | 'missing' | 'none' | 'ahead'} CellState
 *
 * @typedef {object} Cell
 * @property {PhaseName} phase
 * @property {CellState} state
 * @property {number | null} at milliseconds since the epoch
 * @property {Blame | null} blame what the participant was caught at in this phase
 *
 * @typedef {'done' | 'ok' | 'waiting' | 'silent' | 'blamed'} LaneState
 * @typedef {object} Lane
 * @property {string} name
 * @property {number} index
 * @property {LaneState} state
 * @property {Cell[]} cells one a phase
 * @property {(Repair & { time: number })[]} repairs
 * @property {Blame[]} blame
 *
 * @typedef {object} Band
 * @property {PhaseName} name
 * @property {'ahead' | 'open' | 'closed' | 'cut'} state `cut`: the session ended in it
 * @property {number | null} start
 * @property {number | null} end
 * @property {number} durationMs so far, when open
 * @property {number} received
 * @property {number} expected
 * @property {number | null} view of the close
 *
 * @typedef {object} Timeline
 * @property {Session} session
 * @property {number} start
 * @property {number} end of the session, or now
 * @property {boolean} ended
 * @property {Band[]} bands
 * @property {Lane[]} lanes
 */

/** @type {Record<PhaseName, { title: string, brief: string, sends: string }>} */
export const PHASE_TEXT = {
  initialisation: { title: 'Initialisation', brief: 'Init', sends: 'an ephemeral key' },
  contribution: { title: 'Contribution', brief: 'Contr.', sends: 'commitments and sealed shares' },
  complaining: { title: 'Complaining', brief: 'Compl.', sends: 'its complaints, if it had any' },
  justification: { title: 'Justification', brief: 'Just.', sends: 'the disputed shares in the open' },
  commitment: { title: 'Commitment', brief: 'Comm.', sends: 'Feldman commitments' },
  finalisation: { title: 'Finalisation', brief: 'Final', sends: 'a signature share under the new key' },
};

/**
 * Null of a session of which nobody remembers when anything was.
 * @param {Session} session
 * @param {number} now milliseconds since the epoch, by the gateway's clock
 * @returns {Timeline | null}
 */
export function timelineOf(session, now) {
  if (session.startedAt === null) return null;
  const ended = session.endedAt !== null;
  const start = Date.parse(session.startedAt);
  const end = Math.max(start, session.endedAt === null ? Math.max(now, latest(session)) : Date.parse(session.endedAt));
  const bands = session.phases.map((phase) => bandOf(phase, end, ended));
  const dealers = dealersOf(session);
  const awaited = new Set(ended ? [] : session.waitingOn);
  const lanes = session.participants.map(({ name, index }) => {
    const blame = session.blame.filter((entry) => entry.node === name);
    const cells = session.phases.map((phase, at) =>
      cellOf({ phase, band: /** @type {Band} */ (bands[at]), name, blame, awaited, dealers }),
    );
    const repairs = session.repairs
      .filter((repair) => repair.node === name)
      .map((repair) => ({ ...repair, time: Date.parse(repair.at) }));
    return { name, index, cells, repairs, blame, state: laneState(cells, blame, awaited.has(name), ended) };
  });
  return { session, start, end, ended, bands, lanes };
}

/**
 * The last thing known to have happened: two clocks never quite agree, and nothing may lie after "now".
 * @param {Session} session
 */
function latest({ phases }) {
  const times = phases.flatMap(({ startedAt, messages }) => [startedAt, messages.at(-1)?.at]);
  return times.reduce((most, time) => (time ? Math.max(most, Date.parse(time)) : most), 0);
}

/**
 * @param {PhaseView} phase
 * @param {number} end
 * @param {boolean} ended
 * @returns {Band}
 */
function bandOf(phase, end, ended) {
  const start = phase.startedAt === null ? null : Date.parse(phase.startedAt);
  const closed = phase.endedAt === null ? null : Date.parse(phase.endedAt);
  const state = start === null ? 'ahead' : closed !== null ? 'closed' : ended ? 'cut' : 'open';
  return {
    name: phase.name,
    state,
    start,
    end: closed,
    durationMs: start === null ? 0 : (phase.durationMs ?? Math.max(0, (closed ?? end) - start)),
    received: phase.received,
    expected: phase.expected,
    view: phase.close?.view ?? phase.closeView,
  };
}

/** A dealer caught in one of these is out, and owes no Commitment. */
const BEFORE_COMMITMENT = new Set(['initialisation', 'contribution', 'complaining', 'justification']);

/**
 * Those who owe a Commitment: whose Contribution counts and who were not caught since. Null while that is not decided.
 * @param {Session} session
 */
function dealersOf(session) {
  const close = session.phases.find((phase) => phase.name === 'contribution')?.close;
  if (!close) return null;
  const caught = session.blame.filter(({ phase }) => BEFORE_COMMITMENT.has(phase)).map(({ node }) => node);
  return new Set(close.included.filter((name) => !caught.includes(name)));
}

/**
 * @param {{ phase: PhaseView, band: Band, name: string, blame: Blame[], awaited: Set<string>, dealers: Set<string> | null }} about
 * @returns {Cell}
 */
function cellOf({ phase, band, name, blame, awaited, dealers }) {
  const message = phase.messages.find((entry) => entry.from === name);
  return {
    phase: phase.name,
    state: stateOf(phase, band, name, message !== undefined, awaited, dealers),
    at: message ? Date.parse(message.at) : null,
    blame: blame.find((entry) => entry.phase === phase.name) ?? null,
  };
}

/**
 * @param {PhaseView} phase
 * @param {Band} band
 * @param {string} name
 * @param {boolean} seen
 * @param {Set<string>} awaited
 * @param {Set<string> | null} dealers
 * @returns {CellState}
 */
function stateOf(phase, band, name, seen, awaited, dealers) {
  if (band.state === 'ahead') return seen ? 'heard' : 'ahead';
  const owes =
    phase.name === 'justification' ? false : phase.name === 'commitment' ? (dealers?.has(name) ?? true) : true;
  if (band.state === 'open') {
    if (seen) return 'heard';
    return awaited.has(name) || owes ? 'waiting' : 'none';
  }
  if (phase.close?.included.includes(name)) return seen ? 'counted' : 'unseen';
  if (seen) return phase.close ? 'late' : 'counted';
  return owes ? 'missing' : 'none';
}

/**
 * @param {Cell[]} cells
 * @param {Blame[]} blame
 * @param {boolean} awaited
 * @param {boolean} ended
 * @returns {LaneState}
 */
function laneState(cells, blame, awaited, ended) {
  if (blame.length > 0) return 'blamed';
  const begun = cells.filter((cell) => cell.state !== 'ahead' && cell.state !== 'none');
  const last = begun.at(-1)?.state;
  if (last === 'missing' || (last === 'waiting' && begun.at(-2)?.state === 'missing')) return 'silent';
  if (awaited || last === 'waiting') return 'waiting';
  return ended ? 'done' : 'ok';
}

/** @type {Record<LaneState, string>} */
export const LANE_WORD = {
  done: 'took part',
  ok: 'on time',
  waiting: 'waited for',
  silent: 'silent',
  blamed: 'blamed',
};

/** @param {string} reason a machine's words joined by hyphens */
export function words(reason) {
  return reason.replaceAll('-', ' ');
}
