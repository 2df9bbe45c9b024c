import {
  type Action,
  certificateMessage,
  decisionHash,
  decisionId,
  encodeCertified,
  encodeDecision,
  NO_PARENT,
  supermajority,
} from '@witan/chain';
import { encodeG1, type Identity, keyPair, type Scalar, scalarFromHash, secureRandom, signShare } from '@witan/crypto';
import { networkTag } from '@witan/wire';

/**
 * The decisions of a section, made by the bench alone: it holds each section key itself, so that a session starts
 * when the bench says so and no elders' votes are in what is measured. To the participants they are like any other.
 */
export class BenchChain {
  readonly genesisKey: Uint8Array;
  readonly #network: Uint8Array;
  readonly #participants: readonly Identity[];
  #secret: Scalar;
  #generation = -1;
  #parent = NO_PARENT;
  #links = 1;

  /** @param participants sorted by name */
  constructor(network: string, participants: readonly Identity[]) {
    this.#network = networkTag(network);
    this.#participants = participants;
    this.#secret = freshSecret();
    this.genesisKey = publicKeyOf(this.#secret);
  }

  get generation(): number {
    return this.#generation;
  }

  genesis(): Uint8Array {
    return this.#decide({ type: 'genesis', node: this.#participants[0]!.publicKey, key: this.genesisKey });
  }

  join(): Uint8Array {
    return this.#decide({ type: 'join', nodes: this.#participants.slice(1).map((each) => each.publicKey) });
  }

  /** A DkgStart and the id of the session that it starts. */
  dkgStart(): { readonly certified: Uint8Array; readonly session: string } {
    const certified = this.#decide({
      type: 'dkg',
      chainLength: this.#links,
      participants: this.#participants.map((each) => each.publicKey),
      threshold: supermajority(this.#participants.length),
      attempt: 0,
    });
    return { certified, session: this.#head };
  }

  /**
   * Ends the last session, so that the participants compact what they hold of it outside what is measured. The key
   * that takes over is another of the bench's and not the one that was made, whose shares the bench does not have.
   */
  handover(): Uint8Array {
    const next = freshSecret();
    const key = publicKeyOf(next);
    const certified = this.#decide({
      type: 'handover',
      session: this.#parent,
      key,
      threshold: supermajority(this.#participants.length),
      elders: this.#participants.map((each) => each.publicKey),
      publicKeyShares: this.#participants.map(() => key),
    });
    this.#secret = next;
    this.#links++;
    return certified;
  }

  #head = '';

  #decide(action: Action): Uint8Array {
    this.#generation++;
    const decision = encodeDecision({
      network: this.#network,
      prefix: '',
      generation: this.#generation,
      parent: this.#parent,
      action,
    });
    this.#parent = decisionHash(decision);
    this.#head = decisionId(decision);
    return encodeCertified(decision, 0, signShare(this.#secret, certificateMessage(this.#parent, 0)));
  }
}

function freshSecret(): Scalar {
  return scalarFromHash(secureRandom(32), 'witan/bench');
}

function publicKeyOf(secret: Scalar): Uint8Array {
  return encodeG1(keyPair(secret).publicKey);
}
