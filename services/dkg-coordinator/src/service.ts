import { commonSettings, duration, hex, metricsPort } from '@witan/config';
import { fromHex, Identity, secureRandom } from '@witan/crypto';
import { DEFAULT_PARAMS as DKG_PARAMS } from '@witan/dkg';
import { busTransport, Coordinator, patient, sectionNumbers } from '@witan/elder';
import { MemoryJournal } from '@witan/journal';
import { actorObserver, watchSection } from '@witan/observability';
import { systemClock } from '@witan/runtime';
import { DEFAULT_PARAMS as SECTION_PARAMS } from '@witan/section';
import { giveWay, runService } from '@witan/service';
import { logTrouble, watchFollower, watchSessions } from '@witan/watch';

const PREFIX = '';

await runService({
  name: 'dkg-coordinator',
  version: '0.1.0',
  description: 'Starts DKG sessions, proposes the end of phases, watches; holds no secret and is not trusted',
  settings: {
    ...commonSettings,
    genesisKey: hex({ digits: 96, help: 'Genesis key of the network that is followed; any other is refused' }),
    phaseDeadlineMs: duration({
      default: DKG_PARAMS.deadlineMs,
      min: 100,
      max: 3_600_000,
      help: 'When the close of a phase is proposed without those who are silent',
    }),
    metricsPort: metricsPort(9466),
  },
  start: async ({ config, log, meter, connectBus }) => {
    // With everybody there, phases end without it.
    giveWay();
    // A coordinator is nobody: it keeps nothing, and is another one after every start.
    const identity = Identity.fromSeed(secureRandom(32));
    const bus = await connectBus();
    const sessions = watchSessions({ meter, log, wallClock: Date.now });
    const coordinator: Coordinator = new Coordinator({
      identity,
      network: config.network,
      prefix: PREFIX,
      genesisKey: config.genesisKey === undefined ? undefined : fromHex(config.genesisKey),
      journal: new MemoryJournal(),
      clock: systemClock,
      transport: patient(
        busTransport({ bus, network: config.network, prefix: PREFIX, name: identity.name, service: 'coordinator' }),
        systemClock,
        sessions.onBadMessage,
      ),
      params: SECTION_PARAMS,
      dkg: { ...DKG_PARAMS, deadlineMs: config.phaseDeadlineMs },
      wallClock: Date.now,
      random: secureRandom,
      onDkg: sessions.onReport,
      sending: sessions.sending,
      onSuperseded: sessions.onSuperseded,
      badMessage: sessions.onBadMessage,
      observer: {
        section: watchFollower(meter, log),
        actor: actorObserver(meter, ['section', 'dkg']),
        trouble: logTrouble(log),
      },
    });
    sessions.watch(
      () => coordinator.sessions.all,
      () => systemClock.now(),
      config.phaseDeadlineMs,
    );
    watchSection(meter, () => sectionNumbers(coordinator.follower.state, systemClock.now()));
    coordinator.start();
    const known = () => coordinator.follower.state.ledger !== undefined;
    return {
      ready: () => [{ name: 'section', ok: known(), detail: known() ? 'followed' : 'not known yet' }],
      stop: async () => {
        coordinator.stop();
        sessions.stop();
      },
    };
  },
});
