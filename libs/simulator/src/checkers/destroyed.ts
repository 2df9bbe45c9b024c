import { type Scalar, scalarToBytes, toHex } from '@witan/crypto';
import type { SimNode } from '../world.ts';
import type { MakeChecker } from './checker.ts';

/** What no honest node has any more: seeds of keys that are in use, and shares of keys that the section has left. */
export const destroyedChecker: MakeChecker = ({ world, isHonest, violated }) => {
  const shares = new Map<SimNode, Map<string, Scalar>>();

  const keep = (node: SimNode, key: string, share: Scalar) => {
    shares.set(node, (shares.get(node) ?? new Map()).set(key, share));
  };

  const findShares = (node: SimNode, streams: readonly string[]) => {
    const state = node.elder?.state;
    const current = state?.ledger && toHex(state.ledger.key);
    for (const [key, share] of shares.get(node) ?? []) {
      if (current === undefined || key === current) continue;
      const what = `its share of the earlier key ${key.slice(0, 6)}`;
      if (state?.shares.has(key)) violated('secrets-destroyed', node.label, `${what} in memory`);
      for (const name of streamsWith(node, scalarToBytes(share), streams)) {
        violated('secrets-destroyed', node.label, `${what} in stream ${name}`);
      }
    }
  };

  return {
    section: ({ name }, report) => {
      const node = world.nodeOf(name);
      if (!node?.elder || !isHonest(node)) return;
      if (report.type !== 'decided' && report.type !== 'ledger' && report.type !== 'share') return;
      for (const [key, share] of node.elder.state.shares) keep(node, key, share);
      // With the handover itself; what its session still has goes when the session is forgotten.
      findShares(node, ['section']);
    },
    dkg: ({ name }, session, report) => {
      const node = world.nodeOf(name);
      if (!node || report.type !== 'done' || !isHonest(node)) return;
      const { outcome, secretShare } = node.elder?.sessions.all.get(session.id)?.state ?? {};
      if (outcome && secretShare !== undefined) keep(node, toHex(outcome.key), secretShare);
    },
    rests: () => {
      for (const node of world.nodes.filter(isHonest)) {
        const streams = node.disk.inner.streams();
        findShares(node, streams);
        for (const seed of node.secrets) {
          for (const name of streamsWith(node, seed, streams)) {
            violated('secrets-destroyed', node.label, `a seed in stream ${name.slice(0, 12)}`);
          }
        }
      }
    },
  };
};

function streamsWith(node: SimNode, secret: Uint8Array, streams: readonly string[]): readonly string[] {
  const { inner } = node.disk;
  return streams.filter((name) => {
    const records = inner.stream(name).read();
    return records.some((record) => Buffer.from(record).includes(Buffer.from(secret)));
  });
}
