import { RequestError, request } from './lib/http.js';

/**
 * @typedef {import('./state.js').Store} Store
 * @typedef {import('@witan/api').Network} Network
 * @typedef {import('@witan/api').Section} Section
 * @typedef {import('@witan/api').Chain} Chain
 * @typedef {import('@witan/api').NodeList} NodeList
 * @typedef {import('@witan/api').Session} Session
 * @typedef {import('@witan/api').SessionList} SessionList
 */

const SESSIONS_A_PAGE = 8;
const ITEMS_A_PAGE = 500;

/** @param {Store} store */
export async function loadSection(store) {
  const network = /** @type {Network} */ (await request('v1/network'));
  const { prefix: wanted, section: before } = store.get();
  const prefix = (network.sections.find((entry) => entry.prefix === wanted) ?? network.sections[0])?.prefix;
  const section = prefix === undefined ? null : /** @type {Section} */ (await request(`v1/sections/${prefix}`));
  store.set({ network, section, prefix: prefix ?? wanted, loaded: true });
  // The first look at a section, or a key that changed without a word, needs the chain as well.
  if (section && (before?.key !== section.key || before.prefix !== section.prefix)) await loadChain(store);
}

/** @param {Store} store */
export async function loadChain(store) {
  const { prefix, section } = store.get();
  if (!section) return;
  /** @type {Chain['links']} */
  const links = [];
  /** @type {Chain | undefined} */
  let page;
  do {
    page = /** @type {Chain} */ (await request(`v1/sections/${prefix}/chain?${paging(page?.nextCursor)}`));
    links.push(...page.links);
  } while (page.nextCursor !== null);
  store.set({ chain: { genesisKey: page.genesisKey, links, nextCursor: null } });
}

/** @param {Store} store */
export async function loadNodes(store) {
  /** @type {NodeList['nodes']} */
  const nodes = [];
  /** @type {NodeList | undefined} */
  let page;
  do {
    page = /** @type {NodeList} */ (await request(`v1/nodes?${paging(page?.nextCursor)}`));
    nodes.push(...page.nodes);
  } while (page.nextCursor !== null);
  store.set({ nodes });
}

/**
 * The newest page again (older ones, once loaded, stay), or with `more` the page after the oldest.
 * @param {Store} store
 * @param {boolean} [more]
 */
export async function loadSessions(store, more = false) {
  const { nextCursor } = store.get().sessions;
  const from = more ? nextCursor : null;
  const page = /** @type {SessionList} */ (await request(`v1/dkg/sessions?${paging(from, SESSIONS_A_PAGE)}`));
  const fresh = new Set(page.sessions.map(({ id }) => id));
  store.set(({ sessions: { items, nextCursor: oldest } }) => {
    const kept = items.filter(({ id }) => !fresh.has(id));
    if (more) return { sessions: { items: [...kept, ...page.sessions], nextCursor: page.nextCursor } };
    // Nothing in common with what was there: sessions in between are unknown, so the list begins anew.
    const connected = kept.length < items.length;
    return {
      sessions: connected
        ? { items: [...page.sessions, ...kept], nextCursor: oldest }
        : { items: page.sessions, nextCursor: page.nextCursor },
    };
  });
}

/** The session that the person looks at. @param {Store} store */
export async function loadSession(store) {
  const { selected, sessions } = store.get();
  const id = selected ?? sessions.items[0]?.id;
  if (id === undefined) return;
  try {
    const session = /** @type {Session} */ (await request(`v1/dkg/sessions/${id}`));
    store.set((state) => ({
      shown: session,
      sessions: { ...state.sessions, items: state.sessions.items.map((entry) => (entry.id === id ? session : entry)) },
    }));
  } catch (error) {
    // A link to a session that this gateway no longer knows leads to the newest one.
    if (!(error instanceof RequestError) || error.code !== 'WITAN_ERR_NOT_FOUND') throw error;
    store.set({ selected: null });
  }
}

/**
 * @param {string | null | undefined} cursor
 * @param {number} [limit]
 */
function paging(cursor, limit = ITEMS_A_PAGE) {
  return new URLSearchParams({ limit: String(limit), ...(cursor ? { cursor } : {}) }).toString();
}
