import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isWitanError, WitanError } from '@witan/errors';
import { type Journal, openJournal, storeError } from '@witan/journal';
import { DEFAULT_NODES, MAX_NODES } from './options.ts';

/** Marks a directory as the launcher's, and is its lock: the system frees it however the launcher ends. */
const LAUNCHER_FILE = 'launcher.db';
const CLUSTER_FILE = 'cluster.json';
const NODE_FOLDER = /^node-(\d+)$/;
/** What the launcher puts into the directory, and so may remove from it. */
const OURS = [NODE_FOLDER, /^logs$/, /^nats$/, /^users$/, /^cluster\.json$/];
const LOGS_KEPT = 3;

/** What is known of the network from earlier starts. */
export interface Facts {
  readonly genesisKey?: string;
  readonly sectionKey?: string;
  /** So many were meant to be started last. */
  readonly nodes?: number;
}

/** The data directory of one cluster, for one launcher at a time. */
export class DataDir {
  readonly path: string;
  readonly #journal: Journal;

  private constructor(path: string, journal: Journal) {
    this.path = path;
    this.#journal = journal;
  }

  /**
   * Takes the directory, making it if need be.
   * @throws WitanError `WITAN_ERR_LOCKED` (another launcher has it), `WITAN_ERR_CONFIG` (holds something else),
   * `WITAN_ERR_STORE`, `WITAN_ERR_STORE_FULL`, `WITAN_ERR_JOURNAL_CORRUPT` (not with `fresh`)
   */
  static open(path: string, options: { fresh: boolean }): DataDir {
    const marker = join(path, LAUNCHER_FILE);
    if (!existsSync(marker) && listing(path).length > 0) {
      throw new WitanError(
        'WITAN_ERR_CONFIG',
        `--data ${path}: the directory holds something else, and nothing in it is touched`,
      );
    }
    onDisk(path, () => mkdirSync(path, { recursive: true, mode: 0o700 }));
    if (!options.fresh) return DataDir.#opened(path, marker, (dir) => dir.#furnish());
    const begin = () =>
      DataDir.#opened(path, marker, (dir) => {
        dir.#clear();
        dir.#furnish();
      });
    try {
      return begin();
    } catch (error) {
      if (!isWitanError(error) || error.code !== 'WITAN_ERR_JOURNAL_CORRUPT') throw error;
      // Nothing that is in it is wanted. Emptied and not removed, it marks the directory at every moment.
      onDisk(marker, () => {
        rmSync(`${marker}-wal`, { force: true });
        truncateSync(marker);
      });
      return begin();
    }
  }

  /** Locked, and free again if it cannot be prepared. */
  static #opened(path: string, marker: string, prepare: (dir: DataDir) => void): DataDir {
    const dir = new DataDir(path, openLocked(marker, path));
    try {
      prepare(dir);
      return dir;
    } catch (error) {
      dir.close();
      throw error;
    }
  }

  get facts(): Facts {
    const text = (key: string): string | undefined => {
      const value = this.#journal.table.get(key);
      return value && new TextDecoder().decode(value);
    };
    const [genesisKey, sectionKey, nodes] = [text('genesisKey'), text('sectionKey'), text('nodes')];
    return {
      ...(genesisKey !== undefined && { genesisKey }),
      ...(sectionKey !== undefined && { sectionKey }),
      ...(nodes !== undefined && { nodes: Number(nodes) }),
    };
  }

  /** Durable when it returns. */
  remember(facts: Facts): void {
    this.#journal.transaction(() => {
      for (const [key, value] of Object.entries(facts)) {
        this.#journal.table.put(key, new TextEncoder().encode(String(value)));
      }
    });
  }

  /**
   * How many nodes are to be started: as many as are asked for, or as were meant to be started last. They make their
   * folders one after the other, so after a start that was cut short these do not tell; but none is left out that has one.
   */
  nodesToStart(asked: number | undefined): number {
    const numbers = listing(this.path).map((name) => Number(NODE_FOLDER.exec(name)?.[1] ?? -1));
    const here = 1 + Math.max(-1, ...numbers.filter((number) => number < MAX_NODES));
    return Math.max(asked ?? this.facts.nodes ?? (here || DEFAULT_NODES), here);
  }

  /** Whether a node has begun here. */
  get hasNodes(): boolean {
    return listing(this.path).some((name) => NODE_FOLDER.test(name));
  }

  get natsDir(): string {
    return this.#within('nats');
  }

  /** Of the bus: their keys. */
  get usersDir(): string {
    return this.#within('users');
  }

  get clusterFile(): string {
    return this.#within(CLUSTER_FILE);
  }

  nodeDir(index: number): string {
    return this.#within(`node-${index}`);
  }

  /** Makes room for a new log and gives its path; a few of the earlier ones stay as `.1`, `.2`, … */
  rotateLog(name: string): string {
    const file = join(this.path, 'logs', `${name}.log`);
    onDisk(file, () => {
      for (let age = LOGS_KEPT - 1; age >= 0; age--) {
        const from = age === 0 ? file : `${file}.${age}`;
        if (existsSync(from)) renameSync(from, `${file}.${age + 1}`);
      }
    });
    return file;
  }

  /**
   * Replaces the file that tells other programs where everything is, so that none of them reads half of it.
   * @throws WitanError `WITAN_ERR_STORE`, `WITAN_ERR_STORE_FULL`
   */
  writeCluster(cluster: object): void {
    const draft = `${this.clusterFile}.draft`;
    onDisk(this.clusterFile, () => {
      writeFileSync(draft, `${JSON.stringify(cluster, undefined, 2)}\n`);
      renameSync(draft, this.clusterFile);
    });
  }

  /** @throws WitanError `WITAN_ERR_STORE` */
  removeCluster(): void {
    onDisk(this.clusterFile, () => rmSync(this.clusterFile, { force: true }));
  }

  close(): void {
    this.#journal.close();
  }

  #clear(): void {
    const ours = listing(this.path).filter((name) => OURS.some((pattern) => pattern.test(name)));
    onDisk(this.path, () => {
      for (const name of ours) rmSync(this.#within(name), { recursive: true, force: true });
    });
    this.#journal.transaction(() => {
      for (const { key } of this.#journal.table.list('')) this.#journal.table.remove(key);
    });
  }

  #furnish(): void {
    onDisk(this.path, () => {
      for (const folder of [this.#within('logs'), this.natsDir]) mkdirSync(folder, { recursive: true });
    });
  }

  #within(name: string): string {
    return join(this.path, name);
  }
}

/** @throws WitanError `WITAN_ERR_STORE`, `WITAN_ERR_STORE_FULL` */
function onDisk(path: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw storeError(error, path);
  }
}

function listing(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') throw new WitanError('WITAN_ERR_CONFIG', `--data ${path}: is a file and not a directory`);
    throw new WitanError('WITAN_ERR_STORE', `${path} cannot be read: ${code}`, { cause: error });
  }
}

function openLocked(marker: string, path: string): Journal {
  try {
    return openJournal(marker, { cacheKiB: 64 });
  } catch (error) {
    if (error instanceof WitanError && error.code === 'WITAN_ERR_LOCKED') {
      throw new WitanError('WITAN_ERR_LOCKED', `npm start already runs with ${path}`, { cause: error });
    }
    throw error;
  }
}
