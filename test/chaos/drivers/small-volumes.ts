import { docker } from '../../support/docker.ts';

const MIB = 64;
/** As whom the image runs. */
const USER = 10001;
const FLAG = '/tmp/full';
const BALLAST = '/data/ballast';

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

  /** Takes all the room that there is, and what is given back, until it is cleared. */
  async fill(index: number): Promise<void> {
    const keeper = this.#keepers.get(index)!;
    const take = `while [ -e ${FLAG} ]; do cat /dev/zero >> ${BALLAST}; sleep 0.02; done 2> /dev/null; rm -f ${BALLAST}`;
    await docker('exec', keeper, 'touch', FLAG);
    await docker('exec', '--detach', keeper, 'sh', '-c', take);
    await docker('exec', keeper, 'sh', '-c', 'until [ "$(stat -f -c %a /data)" = 0 ]; do sleep 0.02; done');
  }

  /** Gives it back. */
  async clear(index: number): Promise<void> {
    const wait = `rm -f ${FLAG}; while [ -e ${BALLAST} ]; do sleep 0.02; done`;
    await docker('exec', this.#keepers.get(index)!, 'sh', '-c', wait);
  }

  /** Before the volumes can be removed. */
  async letGo(): Promise<void> {
    const keepers = [...this.#keepers.values()];
    this.#keepers.clear();
    if (keepers.length > 0) await docker('rm', '--force', ...keepers);
  }
}
