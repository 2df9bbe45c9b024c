import { readFileSync } from 'node:fs';
import { docker } from '../../support/docker.ts';

const MIB = 64;
/** As whom the image runs. */
const USER = 10001;
const breakable = (name: string) => readFileSync(new URL(`../../breakable/${name}`, import.meta.url), 'utf8');
const SCRIPT = breakable('disk.sh');
const CUT_ROOM = breakable('cut-room.mjs');

/** Volumes in memory, each with a container that keeps it and can fill it up. */
export class SmallVolumes {
  readonly #keepers = new Map<number, string>();

  /** Of those that were made, the numbers. */
  get all(): readonly number[] {
    return [...this.#keepers.keys()].toSorted((a, b) => a - b);
  }

  async create(volume: string, index: number, image: string): Promise<void> {
    const how = ['type=tmpfs', 'device=tmpfs', `o=size=${MIB}m,uid=${USER},gid=${USER},mode=0700`];
    await docker('volume', 'create', ...how.map((option) => `--opt=${option}`), volume);
    // What nobody has mounted is gone, and the container of the node is killed now and then.
    const mounted = [`--volume=${volume}:/data`, '--entrypoint=sleep', image, 'infinity'];
    this.#keepers.set(index, await docker('run', '--detach', '--init', '--network=none', ...mounted));
  }

  /** With the room that logs keep for more. Nobody may be writing there. */
  async fill(index: number): Promise<void> {
    await docker('exec', this.#keepers.get(index)!, 'node', '--input-type=module', '-e', CUT_ROOM, '/data');
    await this.#do('fill', index);
  }

  async clear(index: number): Promise<void> {
    await this.#do('clear', index);
  }

  /** Before the volumes can be removed. */
  async letGo(): Promise<void> {
    const keepers = [...this.#keepers.values()];
    this.#keepers.clear();
    if (keepers.length > 0) await docker('rm', '--force', ...keepers);
  }

  async #do(what: 'fill' | 'clear', index: number): Promise<void> {
    await docker('exec', this.#keepers.get(index)!, 'sh', '-c', SCRIPT, 'disk.sh', what, '/data');
  }
}
