import { getHeapSpaceStatistics } from 'node:v8';

const LOOK_MS = 250;
/** A DKG of seven makes 2.4 MB of young objects, and V8 collects them when there are six. */
const ENOUGH_BYTES = 1024 * 1024;

/**
 * Collects young objects while nobody waits for this process, for 1 to 2 ms each time, so that V8 does not do it where
 * somebody does: all elders of a section fill up alike, and would collect in the same session.
 * Of no effect where Node was started without `--expose-gc`.
 *
 * @returns ends it
 */
export function collectWhileIdle(isIdle: () => boolean): () => void {
  const collect = globalThis.gc;
  if (!collect) return () => {};
  const look = () => {
    if (youngBytes() > ENOUGH_BYTES && isIdle()) collect({ type: 'minor' });
  };
  const timer = setInterval(look, LOOK_MS).unref();
  return () => clearInterval(timer);
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')!.space_used_size;
}
