import { commonSettings, duration, loadSealingKey, metricsPort, nodeSettings } from '@witan/config';
import { fromHex, secureRandom, toHex } from '@witan/crypto';
import {
  busTransport,
  Follower,
  HEARTBEAT_MS_MAX,
  keepFlushed,
  openNodeHome,
  sectionNumbers,
  whenFree,
} from '@witan/elder';
import { WitanError } from '@witan/errors';
import { actorObserver, watchJournal, watchSection } from '@witan/observability';
import { systemClock } from '@witan/runtime';
import { DEFAULT_PARAMS } from '@witan/section';
import { runService } from '@witan/service';
import { logTrouble, watchFollower } from '@witan/watch';

const PREFIX = '';
/** A request to join is repeated until the section's decisions name this node: elders may have been away. */
const JOIN_EVERY_MS = 1000;

await runService({
  name: 'adult',
  version: '0.1.0',
  description: 'Joins the section, says that the node is alive, follows what is decided',
  settings: {
    ...commonSettings,
    ...nodeSettings,
    heartbeatMs: duration({
      default: HEARTBEAT_MS_MAX,
      min: 100,
      max: HEARTBEAT_MS_MAX,
      help: 'How often a node says that it is alive; after 4 s without a word it counts as gone',
    }),
    metricsPort: metricsPort(9464),
  },
  start: async ({ config, log, meter, connectBus }) => {
    const { key } = loadSealingKey(config);
    const home = openNodeHome(config.dataDir, key, secureRandom);
    const { name } = home.identity;
    log.bind({ node: name });
    const { journal, setAside } = await whenFree(
      () => home.openAdultJournal(config.genesisKey !== undefined),
      systemClock,
      (error) =>
        log.warn({ event: 'data-in-use', err: error }, 'waits for the process that still has its data directory'),
    );
    const journalFailed = watchJournal(meter, journal);
    if (setAside) {
      journalFailed(new WitanError('WITAN_ERR_JOURNAL_CORRUPT', setAside));
      log.warn(
        { event: 'journal-set-aside', setAside },
        'the journal was damaged: set aside, and learnt anew from peers',
      );
    }
    const bus = await connectBus({ node: name });
    const watch = watchFollower(meter, log);
    let isAcquainted = false;
    const follower: Follower = new Follower({
      identity: home.identity,
      network: config.network,
      prefix: PREFIX,
      genesisKey: config.genesisKey === undefined ? undefined : fromHex(config.genesisKey),
      journal,
      clock: systemClock,
      wallClock: Date.now,
      transport: busTransport({ bus, network: config.network, prefix: PREFIX, name, service: 'adult' }),
      params: DEFAULT_PARAMS,
      observer: {
        section: (report) => {
          watch(report);
          if (isAcquainted || !follower.state.ledger) return;
          isAcquainted = true;
          follower.askToJoin();
        },
        actor: actorObserver(meter, ['section']),
        trouble: logTrouble(log),
      },
    });
    watchSection(meter, () => sectionNumbers(follower.state, systemClock.now()));
    follower.start();
    const isMember = () => follower.state.ledger?.members.has(name) ?? false;
    const timers = [
      setInterval(() => follower.beat(), config.heartbeatMs),
      setInterval(() => follower.askToJoin(), JOIN_EVERY_MS),
    ];
    const endFlushing = keepFlushed(journal, systemClock, (error) => {
      journalFailed(error);
      log.error({ event: 'flush', err: error }, 'the journal cannot be flushed; trying again');
    });
    follower.beat();
    return {
      ready: () => [
        { name: 'member', ok: isMember(), detail: isMember() ? 'of the section' : 'not admitted yet' },
        { name: 'section', ok: follower.state.ledger !== undefined, detail: sectionDetail(follower) },
        follower.journalCheck,
      ],
      stop: async () => {
        for (const timer of timers) clearInterval(timer);
        endFlushing();
        follower.stop();
        journal.close();
      },
      info: { node: name },
    };
  },
});

function sectionDetail(follower: Follower): string {
  const { ledger } = follower.state;
  return ledger ? `generation ${ledger.generation}, key ${toHex(ledger.key).slice(0, 8)}` : 'not known yet';
}
