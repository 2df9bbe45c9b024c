// Writes down the bytes of this version, once: what is there is what others have, and is never written again.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { subjects } from '@witan/bus';
import { fromHex } from '@witan/crypto';
import { encodeHistoryRequest, openHistory } from '@witan/elder';
import { networkTag, WIRE_VERSION } from '@witan/wire';
import { Cluster } from '../support/cluster.ts';
import { hex } from './form.ts';
import { envelopesNow, folderOf, formsNow, isStored, NODE_FILES, type StoredNetwork } from './stored.ts';

const folder = folderOf(WIRE_VERSION);
if (isStored(WIRE_VERSION)) {
  console.error(`${folder} is there. A form that has changed needs another WIRE_VERSION: docs/compatibility.md`);
  process.exit(2);
}
const cluster = new Cluster({ nodes: 4, settings: { settleMs: 300 } });
try {
  const network = await record(join(folder, 'node'));
  for (const [name, value] of Object.entries({ forms: formsNow(), envelopes: envelopesNow(), network })) {
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(value, null, 2)}\n`);
  }
} finally {
  await cluster.stop();
}

/** Runs a section until it has a key of four, and keeps the directory of one of its nodes. */
async function record(directory: string): Promise<StoredNetwork> {
  await cluster.start();
  const payload = Buffer.from('what version is this');
  const bundle = await cluster.api.attest({ body: { payload: payload.toString('base64url'), context: 'record' } });
  const { genesisKey } = await cluster.api.network();
  const section = await cluster.section();
  const node = cluster.nodes[1]!;
  const { id } = (await cluster.lastSession())!;
  const request = encodeHistoryRequest(fromHex(id), 0);
  const bus = await cluster.bus();
  const asked = subjects(cluster.network).node(node.name, 'elder', 'dkg.history');
  const answer = await bus.request(asked, request, { timeoutMs: 5000 });
  const { entries } = openHistory(answer, networkTag(cluster.network), node.name, request);
  const { sessions } = await cluster.api.sessions({ limit: 100 });
  await Promise.all(cluster.processes.map((each) => each.stop()));
  mkdirSync(directory, { recursive: true });
  for (const [from, to] of Object.entries(NODE_FILES)) cpSync(join(node.dataDir, from), join(directory, to));
  const elder = section.elders.find(({ name }) => name === node.name)!;
  return {
    genesisKey,
    payload: payload.toString('base64url'),
    bundle,
    history: { request: hex(request), answer: hex(answer), entries: (entries as unknown[]).length },
    node: {
      name: node.name,
      generation: section.generation,
      key: section.key,
      publicKeyShare: elder.publicKeyShare,
      histories: sessions.filter(({ participants }) => participants.some(({ name }) => name === node.name)).length,
    },
  };
}
