import { attestationMessage, linkFromJson, makeBundle, type ProofBundle } from '@witan/chain';
import { countOperations, encodeG1, keyPair, type Scalar, scalarFromHash, sha256, signShare } from '@witan/crypto';
import { describe, expect, test } from 'vitest';
import { certify, gatewayBefore, genesis, node, secret, utf8 } from './one-node.ts';

const HANDOVERS = 12;
const PAYLOAD = utf8('payload');

/** A gateway that has followed a section through its handovers, and who has its keys. */
function followed() {
  const { backend, hear } = gatewayBefore({});
  const secrets: Scalar[] = [secret];
  let [generation, head] = [0, genesis.hash];
  const decide = (action: Parameters<typeof certify>[2]) => {
    const decision = certify(++generation, head, action, secrets.at(-1)!);
    head = decision.hash;
    hear('events', decision.raw);
  };
  hear('events', genesis.raw);
  for (let index = 1; index <= HANDOVERS; index++) {
    decide({ type: 'dkg', chainLength: index, participants: [node.publicKey], threshold: 1, attempt: 0 });
    const next = scalarFromHash(utf8(`key ${index}`), 'gateway-tests');
    const key = encodeG1(keyPair(next).publicKey);
    const elders = [node.publicKey];
    decide({ type: 'handover', session: head, key, threshold: 1, elders, publicKeyShares: [key] });
    secrets.push(next);
  }
  const { chain } = backend.ledger!;
  const bundleOf = (length: number): ProofBundle => {
    const claim = { payloadHash: sha256(PAYLOAD), context: '', signedAt: Date.UTC(2026, 0, 1) };
    return makeBundle(claim, signShare(secrets[length - 1]!, attestationMessage(claim)), chain.slice(0, length));
  };
  return { backend, bundleOf };
}

describe('a bundle that is shown to a gateway', () => {
  const { backend, bundleOf } = followed();
  const bundle = bundleOf(HANDOVERS + 1);
  const verify = (shown: ProofBundle) => {
    const { result, counts } = countOperations(() => backend.verify(shown, PAYLOAD));
    return { ...result, verified: counts.verify };
  };

  test('costs it one verification, however long the chain of the section has become', () => {
    expect(bundle.chain).toHaveLength(HANDOVERS + 1);
    expect(verify(bundle)).toMatchObject({ valid: true, verified: 1 });
    expect(verify(bundleOf(3))).toMatchObject({ valid: true, verified: 1 });
  });

  test.each(Array.from({ length: HANDOVERS + 1 }, (_, index) => index))(
    'does not hold with another link %i',
    (index) => {
      const link = bundle.chain[index]!;
      const changes = [
        { generation: link.generation + 1 },
        { view: 1 },
        { signature: bundle.chain[(index + 1) % (HANDOVERS + 1)]!.signature },
        { decision: bundle.chain[index === 0 ? 1 : index - 1]!.decision },
      ];
      for (const change of changes) {
        const changed = { ...link, ...change };
        expect(() => linkFromJson(changed)).not.toThrow();
        const result = verify({ ...bundle, chain: bundle.chain.with(index, changed) });
        expect(result).toMatchObject({ valid: false, reason: { code: 'WITAN_ERR_CHAIN' } });
        expect(result.reason!.detail).toContain(`link ${index}: `);
      }
    },
  );
});
