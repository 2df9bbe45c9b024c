import type { Watcher, World } from '@witan/simulator';

type Plant = (world: World) => readonly Watcher[];

/** Faults of the code itself, in the place of those that it has to bear: a run with one of them has to fail. */
export const PLANTED: Readonly<Record<string, Plant>> = {
  /** A process that is killed forgets what it has written. */
  amnesia: () => [
    {
      killed: ({ disk }) => {
        for (const name of disk.streams()) disk.drop(name);
      },
    },
  ],
  /** Nothing of a session is ever heard, nor asked for: anti-entropy alone would bring it to its end. */
  deafness: (world) => {
    world.network.rule = ({ about }) => (about.includes('dkg') ? 'lose' : 'pass');
    return [];
  },
};
