// Takes from the write-ahead logs in a folder the zeros that keep room for more, so that whatever is written next needs some:
// `node cut-room.mjs FOLDER`. Nobody may be writing to them.
import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

/** Of a write-ahead log of SQLite, bytes: https://www.sqlite.org/fileformat2.html#the_write_ahead_log */
const LOG_HEADER = 32;
const FRAME_HEADER = 24;
const PAGE_SIZE_AT = 8;

const folder = process.argv.at(-1);
const logs = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('-wal'));
for (const log of logs.map((name) => join(folder, name))) {
  const bytes = readFileSync(log);
  if (bytes.length < LOG_HEADER) continue;
  const frame = FRAME_HEADER + bytes.readUInt32BE(PAGE_SIZE_AT);
  const used = bytes.findLastIndex((byte) => byte !== 0) + 1;
  truncateSync(log, Math.min(bytes.length, LOG_HEADER + Math.ceil(Math.max(0, used - LOG_HEADER) / frame) * frame));
}
