import { createStore } from './lib/store.js';

/**
 * @typedef {{ code: string, detail: string, help: string }} Problem
 *
 * Everything that the page shows.
 * @typedef {object} State
 * @property {boolean} loaded the first answer is there, whatever it says
 * @property {'connecting' | 'live' | 'quiet' | 'lost'} link `quiet`: the gateway answers, its event stream does not
 * @property {number} lastGood when the last answer or event came
 * @property {Readonly<Record<string, Problem>>} problems what the gateway refused, by resource
 * @property {import('@witan/api').Network | null} network
 * @property {string} prefix of the section that is shown
 * @property {import('@witan/api').Section | null} section
 * @property {import('@witan/api').Chain | null} chain
 * @property {readonly import('@witan/api').Node[]} nodes
 * @property {{ items: readonly Session[], nextCursor: string | null }} sessions newest first
 * @property {string | null} selected session that the person chose; null: the newest
 * @property {Session | null} shown the chosen session, when it is older than those in the list
 * @property {readonly import('./model/narrate.js').Line[]} lines newest first
 *
 * @typedef {import('@witan/api').Session} Session
 * @typedef {ReturnType<typeof createState>} Store
 */

export function createState() {
  return createStore(
    /** @type {State} */ ({
      loaded: false,
      link: 'connecting',
      lastGood: 0,
      problems: {},
      network: null,
      prefix: 'root',
      section: null,
      chain: null,
      nodes: [],
      sessions: { items: [], nextCursor: null },
      selected: null,
      shown: null,
      lines: [],
    }),
  );
}

/**
 * The session to show: the chosen one, else the newest.
 * @param {State} state
 * @returns {Session | null}
 */
export function currentSession({ selected, shown, sessions }) {
  if (selected === null) return sessions.items[0] ?? null;
  return sessions.items.find((session) => session.id === selected) ?? (shown?.id === selected ? shown : null);
}
