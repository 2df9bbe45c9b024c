import { join } from 'node:path';
import { connectNats } from '@witan/bus';
import { fromHex, Identity, secureRandom, Vault } from '@witan/crypto';
import { DEFAULT_PARAMS as DKG_PARAMS } from '@witan/dkg';
import { busTransport, Coordinator, Elder, patient } from '@witan/elder';
import { MemoryJournal, openJournal } from '@witan/journal';
import { systemClock } from '@witan/runtime';
import { DEFAULT_PARAMS as SECTION_PARAMS } from '@witan/section';
import { collectWhileIdle, giveWay } from '@witan/service';
import { ROLE_VARIABLE, type Role } from './messages.ts';
import { BenchProcess } from './process.ts';

/** One heartbeat at a decision is enough here: others would be noise in what is measured. */
const HEARTBEAT_MS = 3_600_000;
const PREFIX = '';

const role = JSON.parse(process.env[ROLE_VARIABLE]!) as Role;
const bus = await connectNats({ servers: role.natsUrl, name: `bench ${role.role}`, echo: false });
if (role.role === 'participant') runParticipant();
else runCoordinator();
await bus.flush();

/** The elder service without its settings, log and metrics. */
function runParticipant(): void {
  const identity = Identity.fromSeed(fromHex(role.seedHex));
  const journal = openJournal(join(role.dataDir, 'elder.db'), { roomInLog: true });
  const self = new BenchProcess(() => {
    endCollecting();
    elder.stop();
    journal.close();
  });
  const elder = new Elder({
    ...common(identity.name, 'elder'),
    identity,
    genesis: 'join',
    journal,
    sealer: new Vault(secureRandom(32), secureRandom),
    params: { section: SECTION_PARAMS, dkg: DKG_PARAMS, heartbeatMs: HEARTBEAT_MS },
    observer: {
      section: (report) => self.onSection(report),
      dkg: (session, report) => self.onDkg(session, report),
      trouble: (what, error) => self.trouble(what, error),
      badRequest: (verb, error) => self.trouble(verb, error),
    },
  });
  elder.start();
  const endCollecting = collectWhileIdle(() => !elder.sessions.areRunning);
  void bus.flush().then(() => self.tell({ type: 'ready' }));
}

/** The dkg-coordinator service without its settings, log and metrics. */
function runCoordinator(): void {
  giveWay();
  const identity = Identity.fromSeed(fromHex(role.seedHex));
  const self = new BenchProcess(() => coordinator.stop());
  const { transport, ...given } = common(identity.name, 'coordinator');
  const coordinator = new Coordinator({
    ...given,
    transport: patient(transport, systemClock),
    identity,
    journal: new MemoryJournal(),
    params: SECTION_PARAMS,
    dkg: DKG_PARAMS,
    observer: {
      section: (report) => self.onSection(report),
      trouble: (what, error) => self.trouble(what, error),
    },
  });
  coordinator.start();
  void bus.flush().then(() => self.tell({ type: 'ready' }));
}

function common(name: string, service: 'elder' | 'coordinator') {
  return {
    network: role.network,
    prefix: PREFIX,
    genesisKey: fromHex(role.genesisKeyHex),
    clock: systemClock,
    transport: busTransport({ bus, network: role.network, prefix: PREFIX, name, service }),
    wallClock: Date.now,
    random: secureRandom,
  };
}
