import { verifyBundle } from '@witan/chain';
import { fromHex } from '@witan/crypto';
import { openHistory } from '@witan/elder';
import { networkTag, openEnvelope, WIRE_VERSION } from '@witan/wire';
import { hex, toJson } from './form.ts';
import { FORMS, NETWORK, type StoredForms, type StoredNetwork, stored, VERSIONS } from './stored.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

/** What the code that runs this makes of all that some version has written: the values, as JSON. */
export function readStored(version: number): Readonly<Record<string, unknown>> {
  const network = stored<StoredNetwork>(version, 'network');
  const { request, answer } = network.history;
  const history = openHistory(bytes(answer), networkTag('e2e'), network.node.name, bytes(request));
  const payload = new Uint8Array(Buffer.from(network.payload, 'base64url'));
  const envelopes = Object.entries(stored<Record<string, string>>(version, 'envelopes'));
  const forms = Object.entries(stored<StoredForms>(version, 'forms'));
  return {
    forms: forms.map(([name, samples]) => [
      name,
      Object.values(samples).map(({ hex: written }) => toJson(FORMS[name]?.decode?.(bytes(written)))),
    ]),
    signed: envelopes.map(([kind, written]) => {
      const opened = openEnvelope(bytes(written), networkTag(NETWORK));
      return { kind, opened: opened.kind, author: opened.author, body: hex(opened.body) };
    }),
    links: verifyBundle(network.bundle, fromHex(network.genesisKey), payload).links.length,
    history: toJson(history),
  };
}

if (import.meta.main) {
  const read = VERSIONS.map((version) => [version, readStored(version)]);
  process.stdout.write(JSON.stringify({ by: WIRE_VERSION, read: Object.fromEntries(read) }));
}
