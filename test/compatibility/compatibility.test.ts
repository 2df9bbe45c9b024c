import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyBundle } from '@witan/chain';
import { encodeG1, fromHex, mulBase, secureRandom, toHex } from '@witan/crypto';
import { DEFAULT_PARAMS as DKG_PARAMS } from '@witan/dkg';
import { Elder, Follower, openHistory, openNodeHome, type Transport } from '@witan/elder';
import { VirtualClock } from '@witan/runtime';
import { currentShare, DEFAULT_PARAMS } from '@witan/section';
import { KINDS, networkTag, openEnvelope, WIRE_VERSION } from '@witan/wire';
import { afterAll, describe, expect, test } from 'vitest';
import { FILES, read } from '../rules/repo.ts';
import { ofNextWireVersion } from '../support/other-version.ts';
import { hex, toJson } from './form.ts';
import { readStored } from './read-stored.ts';
import {
  AUTHOR,
  BODY_OF,
  envelopesNow,
  FORMS,
  folderOf,
  formsNow,
  NETWORK,
  NODE_FILES,
  type StoredForms,
  type StoredNetwork,
  stored,
  VERSIONS,
} from './stored.ts';

const HOW = 'docs/compatibility.md says how to change a form';
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

describe('the form of this version', () => {
  test('is the one that is stored, to the byte', () => {
    expect(formsNow(), HOW).toEqual(stored(WIRE_VERSION, 'forms'));
    expect(envelopesNow(), HOW).toEqual(stored(WIRE_VERSION, 'envelopes'));
  });

  test('is stored for all that there is', () => {
    const codecs = FILES.filter((path) => /^(libs|services)\/[^/]+\/src\//.test(path)).filter((path) =>
      /\b(struct|union)\(\{/.test(read(path)),
    );
    const elsewhere = ['libs/wire/src/envelope.ts', 'libs/agreement/src/messages.ts'];
    const sources = new Set([...Object.values(FORMS).map(({ source }) => source), ...elsewhere]);
    expect([...sources].sort()).toEqual(codecs.toSorted());
    expect(Object.keys({ ...BODY_OF, dkgHistory: 0 }).sort()).toEqual(Object.keys(KINDS).sort());
  });

  test('is the newest', () => {
    expect(Math.max(...VERSIONS)).toBe(WIRE_VERSION);
  });
});

test('what any version has written is read by the next one as by this one', () => {
  const file = join(import.meta.dirname, 'read-stored.ts');
  const env = { ...process.env, ...ofNextWireVersion() };
  const { by, read } = JSON.parse(execFileSync(process.execPath, [file], { env, encoding: 'utf8' }));
  expect(by).toBe(WIRE_VERSION + 1);
  expect(read).toEqual(
    JSON.parse(JSON.stringify(Object.fromEntries(VERSIONS.map((each) => [each, readStored(each)])))),
  );
});

describe.for([...VERSIONS])('what version %i has written', (version) => {
  const network = stored<StoredNetwork>(version, 'network');
  const genesisKey = fromHex(network.genesisKey);

  test('is read as what it was', () => {
    for (const [name, samples] of Object.entries(stored<StoredForms>(version, 'forms'))) {
      const { decode } = FORMS[name]!;
      if (!decode) continue;
      for (const [sample, { value, hex: written }] of Object.entries(samples)) {
        expect({ name, sample, value: toJson(decode(bytes(written))) }).toEqual({ name, sample, value });
      }
    }
  });

  test('and signed is opened', () => {
    const forms = stored<StoredForms>(version, 'forms');
    for (const [kind, written] of Object.entries(stored<Record<string, string>>(version, 'envelopes'))) {
      const opened = openEnvelope(bytes(written), networkTag(NETWORK));
      const [body] = Object.values(forms[BODY_OF[kind as keyof typeof BODY_OF]]!);
      expect({ kind: opened.kind, author: opened.author, body: hex(opened.body) }).toEqual({
        kind,
        author: AUTHOR.name,
        body: body!.hex,
      });
    }
  });

  test('and attested holds, offline', () => {
    const payload = new Uint8Array(Buffer.from(network.payload, 'base64url'));
    const { links } = verifyBundle(network.bundle, genesisKey, payload);
    expect(links.length).toBeGreaterThan(1);
    expect(() => verifyBundle(network.bundle, genesisKey, payload.slice(1))).toThrow('WITAN_ERR_SIGNATURE');
  });

  test('and told of a session is read', () => {
    const { request, answer, entries } = network.history;
    const page = openHistory(bytes(answer), networkTag('e2e'), network.node.name, bytes(request));
    expect(page.entries).toHaveLength(entries);
    expect(entries).toBeGreaterThan(5);
  });

  describe('to the directory of a node', () => {
    const directory = mkdtempSync(join(tmpdir(), 'witan-compatibility-'));
    const folder = join(folderOf(version), 'node');
    for (const [name, from] of Object.entries(NODE_FILES)) cpSync(join(folder, from), join(directory, name));
    afterAll(() => rmSync(directory, { recursive: true, force: true }));
    const key = bytes(readFileSync(join(directory, 'sealing.key'), 'utf8').trim());
    const home = openNodeHome(directory, key, secureRandom);
    const nobody: Transport = { publish: () => {}, subscribe: () => {}, request: () => {}, serve: () => {} };
    const common = { identity: home.identity, network: 'e2e', prefix: '', genesisKey, wallClock: () => 0 };

    test('opens with the same identity', () => {
      expect(home.identity.name).toBe(network.node.name);
    });

    test('gives an elder its section, its share and what it saw', () => {
      const journal = home.openElderJournal();
      const clock = new VirtualClock();
      const elder = new Elder({
        ...common,
        genesis: 'join',
        journal,
        sealer: home.vault,
        clock,
        transport: nobody,
        random: secureRandom,
        params: { section: DEFAULT_PARAMS, dkg: DKG_PARAMS, heartbeatMs: 1000 },
        observer: {},
      });
      elder.start();
      clock.advance(1);
      const { generation, key: sectionKey } = elder.state.ledger!;
      expect({ generation, key: toHex(sectionKey) }).toEqual({
        generation: network.node.generation,
        key: network.node.key,
      });
      expect(toHex(encodeG1(mulBase(currentShare(elder.state)!)))).toBe(network.node.publicKeyShare);
      expect(journal.table.list('history/')).toHaveLength(network.node.histories);
      expect(journal.verify()).toMatchObject({ ok: true });
      elder.stop();
      journal.close();
    });

    test('gives an adult its section', () => {
      const { journal, setAside } = home.openAdultJournal(true);
      expect(setAside).toBeUndefined();
      const clock = new VirtualClock();
      const follower = new Follower({
        ...common,
        journal,
        clock,
        transport: nobody,
        params: DEFAULT_PARAMS,
        observer: {},
      });
      follower.start();
      expect(follower.state.ledger?.generation).toBe(network.node.generation);
      follower.stop();
      journal.close();
    });
  });
});
