import { now } from './lib/clock.js';
import { RequestError } from './lib/http.js';
import { refresher } from './lib/refresh.js';
import { loadChain, loadNodes, loadSection, loadSession, loadSessions } from './loaders.js';
import { narrate } from './model/narrate.js';

/**
 * @typedef {import('./state.js').Store} Store
 * @typedef {import('@witan/api').WitanEvent} WitanEvent
 */

const LINES_KEPT = 60;
/** An event may be lost on its way to the gateway: the figures are asked for again this often even when none came. */
const CHECK_MS = 15_000;
/** After "too many requests", at least. */
const BREATH_MS = 2000;
const RETRY_MS = [1000, 2000, 4000, 8000];

/** What each event makes stale. Events are hints; what is shown always comes from the resources themselves. */
const STALE_BY = /** @type {const} */ ({
  'dkg.started': ['sessions', 'nodes'],
  'dkg.phase': ['session'],
  'dkg.message': ['session'],
  'dkg.closed': ['session'],
  'dkg.repaired': ['session'],
  'dkg.blamed': ['session', 'sessions'],
  'dkg.stalled': ['session', 'sessions'],
  'dkg.done': ['session', 'sessions', 'section', 'nodes'],
  'dkg.failed': ['session', 'sessions', 'nodes'],
  decision: ['section'],
  membership: ['section', 'nodes'],
  handover: ['section', 'chain', 'nodes'],
  heartbeat: ['section', 'nodes'],
  reset: ['section', 'chain', 'nodes', 'session', 'sessions'],
});

const isLookedAt = () => document.visibilityState === 'visible';

/**
 * Loads everything, and follows `/v1/events` while somebody looks; reconnects for as long as the page is open.
 * @param {Store} store
 */
export function follow(store) {
  /** @type {EventSource | null} */
  let source = null;
  let lastId = '';
  let failures = 0;
  let timer = 0;

  /**
   * @param {string} name
   * @param {(store: Store) => Promise<void>} load
   */
  const guarded = (name, load) => async () => {
    try {
      await load(store);
      store.set(({ problems: { [name]: _, ...problems } }) => ({ lastGood: now(), problems }));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.status === 0) return disconnected('lost');
      if (error.status === 429) return void window.setTimeout(refreshAll, Math.max(error.retryAfterMs, BREATH_MS));
      const problem = { code: error.code, detail: error.message, help: error.help };
      store.set(({ problems }) => ({ loaded: true, problems: { ...problems, [name]: problem } }));
    }
    // An answer of any kind: it is there after all.
    if (store.get().link === 'lost') store.set({ link: 'quiet' });
  };

  const resources = {
    section: refresher(guarded('section', loadSection), 150),
    chain: refresher(guarded('chain', loadChain), 150),
    nodes: refresher(guarded('nodes', loadNodes), 400),
    sessions: refresher(guarded('sessions', loadSessions), 150),
    session: refresher(guarded('session', loadSession), 200),
  };
  const refreshAll = () => {
    for (const resource of Object.values(resources)) resource.hint();
  };
  // The stream may be refused, or held back, for as long as the page is open. Where nothing answers one question is enough.
  const check = () => {
    if (!isLookedAt()) return;
    if (store.get().link === 'lost') resources.section.hint();
    else refreshAll();
  };

  function connect() {
    stopFollowing();
    if (!isLookedAt()) return;
    source = new EventSource(lastId ? `v1/events?lastEventId=${encodeURIComponent(lastId)}` : 'v1/events');
    source.onopen = () => {
      failures = 0;
      store.set({ link: 'live' });
      refreshAll();
    };
    source.onerror = () => {
      disconnected('quiet');
      // Whether only the stream is gone or the whole gateway, the next request tells.
      resources.section.hint();
    };
    for (const type of Object.keys(STALE_BY)) source.addEventListener(type, take);
  }

  /**
   * The browser would come back by itself, but not after every kind of failure, and without a word to the person.
   * @param {'quiet' | 'lost'} how
   */
  function disconnected(how) {
    source?.close();
    source = null;
    store.set(({ link }) => ({ link: link === 'lost' ? link : how }));
    if (timer || !isLookedAt()) return;
    timer = window.setTimeout(connect, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
    failures++;
  }

  function stopFollowing() {
    window.clearTimeout(timer);
    timer = 0;
    source?.close();
    source = null;
  }

  /** All tabs share the few connections that a browser makes to one place: one that nobody looks at holds none. */
  function onVisibility() {
    stopFollowing();
    if (store.get().link === 'live') store.set({ link: 'connecting' });
    if (!isLookedAt()) return;
    connect();
    check();
  }

  /** @param {Event} message */
  function take(message) {
    const { data, lastEventId } = /** @type {MessageEvent<string>} */ (message);
    lastId = lastEventId || lastId;
    const event = /** @type {WitanEvent} */ (JSON.parse(data));
    const line = narrate(event);
    if (line) {
      store.set(({ lines }) => ({
        lastGood: now(),
        lines: lines.some(({ id }) => id === line.id) ? lines : [line, ...lines].slice(0, LINES_KEPT),
      }));
    }
    for (const resource of STALE_BY[event.type] ?? []) resources[resource].hint();
  }

  window.setInterval(check, CHECK_MS);
  document.addEventListener('visibilitychange', onVisibility);
  connect();
  refreshAll();

  return {
    /** The person chose another section or session. */
    refresh: refreshAll,
    /** The next page of older sessions. */
    older: guarded('sessions', (target) => loadSessions(target, true)),
  };
}
