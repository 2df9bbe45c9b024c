import { hostname } from 'node:os';
import { commonSettings, loadSealingKey, metricsPort, nodeSettings } from '@witan/config';
import { fromHex, prepareTables, secureRandom, toHex } from '@witan/crypto';
import { DEFAULT_PARAMS as DKG_PARAMS } from '@witan/dkg';
import { busTransport, Elder, keepBackedUp, keepFlushed, newestBackupMs, openNodeHome, whenFree } from '@witan/elder';
import { actorObserver, watchBackups, watchJournal } from '@witan/observability';
import { systemClock } from '@witan/runtime';
import { DEFAULT_PARAMS as SECTION_PARAMS } from '@witan/section';
import { collectWhileIdle, runService } from '@witan/service';
import { watchElder, watchSessions } from '@witan/watch';
import { sayWhatIsWaitedFor } from './no-section.ts';
import { backupSettings, elderSettings, foundedElsewhere, protocolParams, witnessesOf } from './settings.ts';

const PREFIX = '';

await runService({
  name: 'elder',
  version: '0.1.0',
  description: 'Takes part in DKG sessions, votes and signs for its section',
  settings: { ...commonSettings, ...nodeSettings, ...elderSettings, ...backupSettings, metricsPort: metricsPort(9465) },
  start: async ({ config, log, meter, connectBus }) => {
    const witnesses = witnessesOf(config, hostname());
    prepareTables();
    const { key, warning } = loadSealingKey(config);
    const home = openNodeHome(config.dataDir, key, secureRandom);
    const { name } = home.identity;
    log.bind({ node: name });
    if (warning) log.warn(warning);
    const journal = await whenFree(home.openElderJournal, systemClock, (error) => {
      log.warn({ event: 'data-in-use', err: error }, 'waits for the process that still has its data directory');
    });
    const journalFailed = watchJournal(meter, journal);
    const bus = await connectBus({ node: name });
    const transport = busTransport({ bus, network: config.network, prefix: PREFIX, name, service: 'elder' });
    const sessions = watchSessions({ meter, log, node: name, wallClock: Date.now });
    const elder: Elder = new Elder({
      identity: home.identity,
      network: config.network,
      prefix: PREFIX,
      genesis: witnesses === undefined ? 'join' : 'create',
      ...(witnesses !== undefined && { genesisWitnesses: witnesses }),
      genesisKey: config.genesisKey === undefined ? undefined : fromHex(config.genesisKey),
      journal,
      sealer: home.vault,
      clock: systemClock,
      transport,
      wallClock: Date.now,
      random: secureRandom,
      params: protocolParams(config, SECTION_PARAMS, DKG_PARAMS),
      observer: {
        ...watchElder({ meter, log, elder: () => elder, clock: systemClock }),
        dkg: sessions.onReport,
        sending: sessions.sending,
        superseded: sessions.onSuperseded,
        badMessage: sessions.onBadMessage,
        actor: actorObserver(meter, ['section', 'dkg']),
        restored: (generation) => {
          log.info({ event: 'restored', generation }, 'caught up after a restore: votes again with the next key');
        },
      },
    });
    sessions.watch(
      () => elder.sessions.all,
      () => systemClock.now(),
      config.phaseDeadlineMs,
    );
    if (elder.isBeingRestored) {
      log.warn({ event: 'restoring' }, 'the journal is from a backup: nothing is voted on until the others were heard');
    }
    elder.start();
    if (elder.state.ledger === undefined) log.info({ event: 'fresh' }, 'the journal knows no section');
    const endFlushing = keepFlushed(journal, systemClock, (error) => {
      journalFailed(error);
      log.error({ event: 'flush', err: error }, 'the journal cannot be flushed; trying again');
    });
    const endCollecting = collectWhileIdle(() => !elder.sessions.areRunning);
    const { backupDir, backupEveryMs: everyMs, backupKeep: keep, dataDir } = config;
    if (backupDir) watchBackups(meter, everyMs, () => newestBackupMs(backupDir, dataDir));
    const endBackups =
      backupDir &&
      keepBackedUp({
        dataDir,
        journal,
        backupDir,
        keep,
        everyMs,
        clock: systemClock,
        taken: (directory) => log.info({ event: 'backup', directory }, 'a backup was taken'),
        failed: (error) => log.error({ event: 'backup', err: error }, 'no backup could be taken; trying again later'),
      });
    if (witnesses !== undefined && witnesses > 0 && elder.state.ledger === undefined) {
      log.info({ event: 'founding', witnesses }, 'waits for others that know no section either');
    }
    const endWaiting = sayWhatIsWaitedFor(
      log,
      systemClock,
      () => elder.state.ledger !== undefined,
      () => `${elder.checks()[0]!.detail}${foundedElsewhere(config, hostname())}`,
    );
    const ledger = await elder.whenKnown(witnesses === 0 ? 10_000 : 0);
    const genesisKey = ledger && toHex(ledger.chain[0]!.key);
    return {
      ready: () => elder.checks(),
      stop: async () => {
        endWaiting();
        endFlushing();
        endCollecting();
        if (endBackups) endBackups();
        elder.stop();
        sessions.stop();
        journal.close();
      },
      endpoints: transport.endpoints,
      info: {
        node: name,
        // Whoever waits for the section to be complete has to know when it is.
        elderCount: String(config.elderCount),
        ...(genesisKey === undefined ? {} : { genesisKey }),
      },
    };
  },
});
