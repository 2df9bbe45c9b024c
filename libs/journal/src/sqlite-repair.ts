import { itemChecksum, recordChecksum, sameChecksum } from './checksum.ts';
import type { Damage, Quarantine, VerifyReport } from './journal.ts';
import { quarantineNames } from './names.ts';
import type { SqliteStore } from './sqlite-store.ts';

interface StreamRow {
  readonly id: number;
  readonly name: string;
}

type Found = { readonly state: 'sound' | 'damaged'; readonly body: Uint8Array } | { readonly state: 'lost' };

/** Everything that is wrong with the file, as far as it can be read. */
export function verifyStore(store: SqliteStore): VerifyReport {
  const damage: Damage[] = [];
  const attempt = <T>(body: () => T, otherwise: T): T => {
    try {
      return store.guard(body);
    } catch (error) {
      damage.push({ reason: (error as Error).message });
      return otherwise;
    }
  };
  for (const reason of attempt(() => store.integrity(), [])) damage.push({ reason });
  const streams = attempt(() => allStreams(store), []);
  let records = 0;
  for (const { id, name } of streams) {
    const seqs = attempt(() => sequenceNumbers(store, id), []);
    seqs.forEach((seq, i) => {
      const gap = i === 0 ? seq > 0 : seq !== seqs[i - 1]! + 1;
      if (gap) damage.push({ stream: name, seq, reason: 'records before this one are missing' });
      const { state } = readRecord(store, id, name, seq);
      if (state === 'damaged') damage.push({ stream: name, seq, reason: 'does not match its checksum' });
      if (state === 'lost') damage.push({ stream: name, seq, reason: 'cannot be read' });
    });
    records += seqs.length;
  }
  const items = attempt(() => verifyItems(store, damage), 0);
  return { ok: damage.length === 0, streams: streams.length, records, items, damage };
}

/** Copies what is left of a stream to two new ones. The caller destroys the original, in the same transaction. */
export function quarantineStream(
  store: SqliteStore,
  stream: string,
  insert: (stream: string, body: Uint8Array) => void,
): Quarantine {
  const streams = allStreams(store);
  const names = quarantineNames(stream, new Set(streams.map((row) => row.name)));
  const count = { sound: 0, damaged: 0 };
  const lost: number[] = [];
  const id = streams.find((row) => row.name === stream)?.id;
  for (const seq of id === undefined ? [] : sequenceNumbers(store, id)) {
    const found = readRecord(store, id!, stream, seq);
    if (found.state === 'lost') {
      lost.push(seq);
      continue;
    }
    insert(found.state === 'sound' ? names.readable : names.damaged, found.body);
    count[found.state]++;
  }
  return {
    readable: { stream: names.readable, records: count.sound },
    damaged: { stream: names.damaged, records: count.damaged },
    lost,
  };
}

function allStreams(store: SqliteStore): StreamRow[] {
  return store.sql('SELECT id, name FROM stream ORDER BY name').all() as unknown as StreamRow[];
}

/** Read from the index, which may be sound where the rows are not. */
function sequenceNumbers(store: SqliteStore, id: number): number[] {
  const rows = store.sql('SELECT seq FROM record WHERE stream = ? ORDER BY seq').all(id) as { seq: number }[];
  return rows.map((row) => row.seq);
}

function readRecord(store: SqliteStore, id: number, stream: string, seq: number): Found {
  let row: { checksum: Uint8Array; body: Uint8Array } | undefined;
  try {
    row = store.sql('SELECT checksum, body FROM record WHERE stream = ? AND seq = ?').get(id, seq) as typeof row;
  } catch {
    return { state: 'lost' };
  }
  if (row === undefined) return { state: 'lost' };
  const sound = sameChecksum(row.checksum, recordChecksum(stream, seq, row.body));
  return { state: sound ? 'sound' : 'damaged', body: row.body };
}

function verifyItems(store: SqliteStore, damage: Damage[]): number {
  const keys = store.sql('SELECT key FROM item ORDER BY key').all() as { key: string }[];
  for (const { key } of keys) {
    const row = store.sql('SELECT checksum, value FROM item WHERE key = ?').get(key) as
      | { checksum: Uint8Array; value: Uint8Array }
      | undefined;
    if (row === undefined || !sameChecksum(row.checksum, itemChecksum(key, row.value))) {
      damage.push({ key, reason: 'does not match its checksum' });
    }
  }
  return keys.length;
}
