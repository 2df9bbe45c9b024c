import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal } from '@witan/journal';
import { describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import type { ClusterNode } from '../support/cluster-node.ts';
import { flipBitIn, overwrite } from '../support/damage.ts';
import { canMount, SmallDisk } from '../support/disk.ts';
import { eventually } from '../support/eventually.ts';
import { expectRefusal } from '../support/refusal.ts';
import { useCluster } from '../support/use-cluster.ts';

const { cluster } = useCluster({ nodes: 4, settings: { settleMs: 300 }, expectsTrouble: true });

const attest = () => cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });
const settle = async (): Promise<void> => {
  await cluster.settled();
  await attest();
};

describe('two processes on one data directory', () => {
  test.for(['elder', 'adult'] as const)('the second %s refuses, and the first goes on', async (kind) => {
    const { dataDir } = cluster.nodes[1]!;
    const second = cluster.service(kind, `a second ${kind}`, { WITAN_DATA_DIR: dataDir }).start();
    await expectRefusal(second, 'WITAN_ERR_LOCKED', dataDir);
    expect(second.said({ event: 'data-in-use' })).toHaveLength(1);
    await settle();
  });
});

describe('another key than the one that', () => {
  test('seals the data: it cannot be opened, and is not touched', async () => {
    const { elder, adult } = cluster.nodes[2]!;
    for (const service of [elder, adult]) {
      await service.stop();
      const wrong = cluster.service(service.kind, `a wrong ${service.kind}`, {
        ...service.env,
        WITAN_SEALING_KEY: randomBytes(32).toString('hex'),
      });
      await expectRefusal(wrong.start(), 'WITAN_ERR_SEALED', 'sealing key');
      await service.start().ready();
    }
    await settle();
  });

  test('a key management service has: both processes start with it, and end as with a wrong key when it refuses', async () => {
    const { elder, adult, dataDir, name } = cluster.nodes[2]!;
    // A service that wraps by turning every byte round; without the file it refuses.
    const secret = join(cluster.directory, 'kms.key');
    const program = join(cluster.directory, 'kms.sh');
    writeFileSync(secret, '');
    writeFileSync(program, `#!/bin/sh\ntest -e ${secret} && exec tr '\\000-\\377' '\\200-\\377\\000-\\177'\n`, {
      mode: 0o700,
    });
    for (const service of [elder, adult]) {
      await service.stop();
      service.env.WITAN_SEALING_COMMAND = `${program} key-1`;
      await service.start().ready();
      expect(service.said({ event: 'ready' })[0]).toMatchObject({ node: name });
    }
    expect(existsSync(join(dataDir, 'sealing.wrapped'))).toBe(true);
    const kept = readFileSync(join(dataDir, 'sealing.key'));
    rmSync(join(dataDir, 'sealing.key'));
    for (const service of [elder, adult]) {
      await service.stop();
      rmSync(secret, { force: true });
      await expectRefusal(service.start(), 'WITAN_ERR_SEALED', 'WITAN_SEALING_COMMAND', 'unwrap ended with 1');
      writeFileSync(secret, '');
      await service.start().ready();
      service.env = { ...service.env, WITAN_SEALING_COMMAND: '' };
    }
    await settle();
    writeFileSync(join(dataDir, 'sealing.key'), kept, { mode: 0o600 });
  });

  const otherGenesis = 'a0'.repeat(48);

  test.for(['gateway', 'dkg-coordinator', 'adult', 'elder'] as const)(
    'began the network: a %s believes nothing of it, says so, and is not ready',
    async (kind) => {
      const service = cluster.service(kind, `a misled ${kind}`, {
        WITAN_HTTP_PORT: '0',
        WITAN_DATA_DIR: join(cluster.directory, `misled-${kind}`),
        WITAN_GENESIS_KEY: otherGenesis,
      });
      await service.start().ready();
      try {
        await service.says({ event: 'untrusted-genesis' }, PATIENCE_MS);
        const { status, body } = await service.probe('/readyz');
        expect(status).toBe(503);
        expect(body.checks?.find(({ name }) => name === 'section')).toMatchObject({ ok: false });
        const metrics = await service.metrics();
        expect(metrics.value('witan_messages_rejected_total', { reason: 'untrusted-key' })).toBeGreaterThan(0);
        expect(metrics.value('witan_section_members')).toBeUndefined();
      } finally {
        expect(await service.stop()).toEqual({ code: 0, signal: null });
      }
    },
  );

  test('began the network, set for a node that has followed it: it refuses to start', async () => {
    const { elder } = cluster.nodes[2]!;
    await elder.stop();
    const wrong = cluster.service('elder', 'a misled elder', { ...elder.env, WITAN_GENESIS_KEY: otherGenesis });
    await expectRefusal(wrong.start(), 'WITAN_ERR_UNTRUSTED_KEY', 'genesis key');
    await elder.start().ready();
    await settle();
  });
});

describe('a first node whose directory is empty again', () => {
  const guards: readonly [string, (genesisKey: string) => Record<string, string>][] = [
    ['witnesses', () => ({ WITAN_GENESIS_WITNESSES: '3' })],
    ['another host', () => ({ WITAN_GENESIS_HOST: 'somewhere-else' })],
    ['the genesis key', (key) => ({ WITAN_GENESIS_KEY: key })],
  ];

  test.for(guards)('makes no second network, kept from it by %s', async ([guard, settingsFor]) => {
    const { genesisKey } = await cluster.api.network();
    const first = cluster.service('elder', 'a first node anew', {
      WITAN_DATA_DIR: join(cluster.directory, `anew-${guard.replaceAll(' ', '-')}`),
      WITAN_GENESIS: 'create',
      ...settingsFor(genesisKey!),
    });
    await first.start().ready();
    try {
      // It follows the network that there is, from its beginning.
      await first.says({ event: 'decided', action: 'genesis', source: 'answer' }, PATIENCE_MS);
      expect(first.said({ event: 'decided', source: 'own' })).toEqual([]);
      const history = await cluster.api.chain({ prefix: 'root' });
      expect(history.links[0]!.key).toBe(genesisKey);
    } finally {
      expect(await first.stop()).toEqual({ code: 0, signal: null });
    }
  });

  test('makes none where nobody else is there', async () => {
    // The users of this cluster have no business in another network.
    const elsewhere = { WITAN_NETWORK: 'another', WITAN_NATS_NKEY_FILE: '' };
    const first = cluster.service('elder', 'a first node alone', {
      ...elsewhere,
      WITAN_DATA_DIR: join(cluster.directory, 'alone'),
      WITAN_GENESIS: 'create',
      WITAN_GENESIS_WITNESSES: '1',
    });
    const second = cluster.service('elder', 'a second node', {
      ...elsewhere,
      WITAN_DATA_DIR: join(cluster.directory, 'second'),
    });
    await first.start().says({ event: 'founding', witnesses: 1 }, PATIENCE_MS);
    await first.ready();
    try {
      const { status, body } = await first.probe('/readyz');
      expect([status, first.said({ event: 'decided' })]).toEqual([503, []]);
      expect(body.checks?.find(({ name }) => name === 'section')?.detail).toContain('0 of 1 others are heard');
      await second.start().says({ event: 'decided', action: 'genesis' }, PATIENCE_MS);
      expect(first.said({ event: 'decided', action: 'genesis', source: 'own' })).toHaveLength(1);
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  });
});

describe('a damaged journal', () => {
  /** As it stands in the journals: no decision is in pieces, but those of many nodes. */
  const aDecision = async (index: number): Promise<Uint8Array> => {
    const { links } = await cluster.api.chain({ prefix: 'root' });
    return new Uint8Array(Buffer.from(links[index]!.decision, 'base64url')).subarray(0, 64);
  };
  /** What was said in a session: its DkgStart stands in the stream of the section too. Nobody may have the journal open. */
  const aMessageOf = (file: string) => {
    const journal = openJournal(file);
    try {
      const stream = journal.streams().find((name) => name.startsWith('dkg/'))!;
      const records = journal.stream(stream).read();
      return { stream, record: records.find(([tag, fact]) => tag === 0 && fact === 2)! };
    } finally {
      journal.close();
    }
  };
  const asideOf = ({ dataDir }: ClusterNode) => readdirSync(dataDir).filter((file) => file.includes('.damaged-'));

  test('of an elder is named, and the elder refuses to start', async () => {
    const { elder, dataDir } = cluster.nodes[3]!;
    const file = join(dataDir, 'elder.db');
    const bytes = await aDecision(1);
    await elder.stop();
    const mend = flipBitIn(file, bytes);
    elder.start();
    await expectRefusal(elder, 'WITAN_ERR_JOURNAL_CORRUPT', file, 'stream section', 'does not match its checksum');
    mend();
    await elder.start().ready();
    await settle();
  });

  test('of an elder is named, and the elder refuses to start, also where only what a session said is damaged', async () => {
    const { elder, dataDir } = cluster.nodes[3]!;
    const file = join(dataDir, 'elder.db');
    await elder.stop();
    const { stream, record } = aMessageOf(file);
    const mend = flipBitIn(file, record.subarray(0, 64));
    elder.start();
    await expectRefusal(elder, 'WITAN_ERR_JOURNAL_CORRUPT', file, `stream ${stream}`, 'does not match its checksum');
    mend();
    await elder.start().ready();
    await settle();
  });

  test('of an elder in which a secret was moved is named, and the elder refuses to start', async () => {
    const { elder, dataDir } = cluster.nodes[3]!;
    const file = join(dataDir, 'elder.db');
    await elder.stop();
    /** As one without the sealing key can: with the checksums of the new places. */
    const write = (change: (records: readonly Uint8Array[]) => readonly Uint8Array[]) => {
      const journal = openJournal(file);
      const before = journal.stream('section').read();
      journal.stream('section').replace(change(before));
      journal.close();
      return before;
    };
    const isSealed = ([tag]: Uint8Array) => tag === 1;
    // The share of the section's key comes after the decisions that led to it.
    const before = write((records) => [...records.filter(isSealed), ...records.filter((each) => !isSealed(each))]);
    expect(before.findIndex(isSealed)).toBeGreaterThan(0);
    elder.start();
    const place = 'stream section, record 0: was sealed for another place';
    await expectRefusal(elder, 'WITAN_ERR_JOURNAL_CORRUPT', file, place);
    write(() => before);
    await elder.start().ready();
    await settle();
  });

  test('of an elder that is no journal any more is named, and the elder refuses to start', async () => {
    const node = await cluster.addNode();
    await settle();
    const file = join(node.dataDir, 'elder.db');
    await node.elder.stop();
    overwrite(file);
    node.elder.start();
    await expectRefusal(node.elder, 'WITAN_ERR_JOURNAL_CORRUPT', file);
    expect(asideOf(node)).toEqual([]);
    // As docs/operations.md has it: moved aside, and started with the genesis key, it catches up and has no share.
    for (const name of ['elder.db', 'elder.db-wal']) rmSync(join(node.dataDir, name), { force: true });
    const { genesisKey } = await cluster.api.network();
    node.elder.env = { ...node.elder.env, WITAN_GENESIS_KEY: genesisKey };
    await node.elder.start().ready();
    const { generation } = await cluster.section();
    await eventually(
      'it has caught up',
      async () => ((await node.elder.metrics()).value('witan_section_generation') ?? -1) >= generation,
      { withinMs: PATIENCE_MS },
    );
    expect((await node.elder.metrics()).value('witan_elder_usable_share')).toBe(0);
    expect((await node.elder.probe('/readyz')).body.checks).toContainEqual({
      name: 'share',
      ok: false,
      detail: 'missing',
    });
    await attest();
  });

  test('of an adult is set aside, and what it held comes from peers', async () => {
    const node = cluster.nodes[0]!;
    const file = join(node.dataDir, 'adult.db');
    const { generation } = await cluster.section();
    const mended = async () => {
      const [line] = [await node.adult.says({ event: 'journal-set-aside' }, PATIENCE_MS)];
      expect(existsSync(line.setAside as string)).toBe(true);
      await eventually(
        'it has caught up',
        async () => ((await node.adult.metrics()).value('witan_section_generation') ?? -1) >= generation,
        { withinMs: PATIENCE_MS },
      );
      expect((await node.adult.probe('/readyz')).status).toBe(200);
      expect((await node.adult.metrics()).value('witan_journal_errors_total', { reason: 'corrupt' })).toBe(1);
    };
    await node.adult.stop();
    flipBitIn(file, await aDecision(1));
    node.adult.start();
    await mended();
    await node.adult.stop();
    expect(asideOf(node)).toHaveLength(1);
  });

  test('of an adult that has lost the genesis with it is refused, unless the genesis key is configured', async () => {
    const node = cluster.nodes[1]!;
    const file = join(node.dataDir, 'adult.db');
    await node.adult.stop();
    overwrite(file);
    node.adult.start();
    await expectRefusal(node.adult, 'WITAN_ERR_JOURNAL_CORRUPT', file, 'WITAN_GENESIS_KEY');
    expect(asideOf(node)).toEqual([]);
    const { genesisKey } = await cluster.api.network();
    const env = { WITAN_DATA_DIR: node.dataDir, WITAN_GENESIS: 'join', WITAN_GENESIS_KEY: genesisKey };
    const told = cluster.service('adult', 'adult-1-told', env).start();
    await told.says({ event: 'journal-set-aside' }, PATIENCE_MS);
    await told.ready();
    await told.stop();
    node.adult.start();
    await node.adult.ready();
    expect(asideOf(node)).toHaveLength(1);
  });
});

describe('a damaged identity', () => {
  const damages: readonly [string, (sealed: Uint8Array) => Uint8Array][] = [
    ['with a bit changed', (sealed) => sealed.with(sealed.length >> 1, sealed[sealed.length >> 1]! ^ 1)],
    ['cut off', (sealed) => sealed.subarray(0, -1)],
    ['empty', () => new Uint8Array(0)],
  ];

  test.for(damages)('%s is named and left as it is, and neither process of the node starts', async ([, damage]) => {
    const { elder, adult, dataDir } = cluster.nodes[2]!;
    const file = join(dataDir, 'identity.sealed');
    const whole = new Uint8Array(readFileSync(file));
    const damaged = damage(whole);
    for (const service of [elder, adult]) {
      await service.stop();
      writeFileSync(file, damaged);
      service.start();
      await expectRefusal(service, 'WITAN_ERR_SEALED', file);
      expect(new Uint8Array(readFileSync(file))).toEqual(damaged);
      writeFileSync(file, whole);
      await service.start().ready();
    }
    await attest();
  });
});

describe('a full disk', () => {
  test.skipIf(!canMount)(
    'stops no process of a node: both say so, and go on when there is room; none starts on it',
    async () => {
      const index = cluster.nodes.length;
      const disk = new SmallDisk(join(cluster.directory, `node-${index}`), 8);
      try {
        const node = await cluster.addNode();
        await node.elder.ready();
        const isMember = async () => (await cluster.api.node({ name: node.name })).state === 'joined';
        await eventually('it is a member', isMember, { withinMs: PATIENCE_MS });
        await disk.fillUnder([node.elder, node.adult]);
        const before = [node.elder, node.adult].map(({ pid }) => pid);
        await cluster.addNode();
        await cluster.members(cluster.nodes.length);
        const other = await cluster.addNode();
        for (const service of [node.elder, node.adult]) {
          const line = await service.says({ event: 'store' }, PATIENCE_MS);
          expect(line).toMatchObject({ level: 'error', err: { code: 'WITAN_ERR_STORE_FULL' } });
          expect((line.err as { detail: string }).detail).toContain(disk.path);
          await eventually(
            'it is not ready, and says why',
            async () => {
              const { status, body } = await service.probe('/readyz');
              const journal = body.checks?.find(({ name }) => name === 'journal');
              return status === 503 && journal?.ok === false && journal.detail === 'store-failing';
            },
            { withinMs: PATIENCE_MS, everyMs: 20 },
          );
          expect((await service.metrics()).value('witan_journal_errors_total', { reason: 'full' })).toBeGreaterThan(0);
          const newcomer = cluster.service(service.kind, `a ${service.kind} without room`, {
            WITAN_DATA_DIR: join(disk.path, 'newcomer'),
          });
          await expectRefusal(newcomer.start(), 'WITAN_ERR_STORE_FULL', disk.path);
        }
        await attest();
        disk.clear();
        await eventually(
          'both have caught up',
          async () => {
            const { generation, members } = await cluster.section();
            const isAdmitted = members.some(({ name }) => name === other.name);
            const known = await Promise.all([node.elder.metrics(), node.adult.metrics()]);
            return isAdmitted && known.every((metrics) => metrics.value('witan_section_generation') === generation);
          },
          { withinMs: PATIENCE_MS },
        );
        for (const service of [node.elder, node.adult]) {
          await eventually('it is ready', async () => (await service.probe('/readyz')).status === 200, {
            withinMs: PATIENCE_MS,
          });
        }
        expect([node.elder, node.adult].map(({ pid }) => pid)).toEqual(before);
        await attest();
      } finally {
        for (const service of [cluster.nodes[index]?.elder, cluster.nodes[index]?.adult]) await service?.kill();
        disk.unmount();
      }
    },
  );
});
