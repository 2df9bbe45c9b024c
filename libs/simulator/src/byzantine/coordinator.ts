import { Identity } from '@witan/crypto';
import { forms, isPhase, type Phase, type Session, type State } from '@witan/dkg';
import { encode, sealEnvelope } from '@witan/wire';
import { NETWORK_TAG } from '../network-tag.ts';
import type { Random } from '../random.ts';
import { readStatement } from '../statement.ts';
import type { World } from '../world.ts';
import { heardIn, otherClose } from './vote-lies.ts';

/** How many untrue proposals it makes for each phase of a session. */
const PROPOSALS = 6;

/**
 * A coordinator that lies: it proposes closes that are too early, leave somebody out, or name what nobody sent or somebody
 * else, to each participant another, and says old things again. It is no member, and needs no invitation.
 */
export class LyingCoordinator {
  readonly #world: World;
  readonly #random: Random;
  readonly #identity: Identity;
  readonly #made = new Map<string, number>();
  readonly #onLie: () => void;

  constructor(world: World, random: Random, onLie: () => void) {
    this.#world = world;
    this.#random = random;
    this.#identity = Identity.fromSeed(random.bytes(32));
    this.#onLie = onLie;
    const transport = world.network.attach(this.#identity.name);
    transport.subscribe('section.root.dkg.*', (bytes, topic) => this.#hear(bytes, topic));
    transport.subscribe('section.root.events', (bytes) => {
      if (random.chance(0.2)) transport.publish('section.root.events', bytes);
    });
  }

  stop(): void {
    this.#world.network.detach(this.#identity.name);
  }

  #hear(bytes: Uint8Array, topic: string): void {
    const statement = readStatement(bytes);
    if (!statement?.session || statement.phase === undefined || !this.#random.chance(0.5)) return;
    // Other liars name phases that there are not.
    if (!isPhase(statement.phase)) return;
    const place = `${statement.session}/${statement.phase}`;
    const made = this.#made.get(place) ?? 0;
    const running = this.#find(statement.session);
    if (!running || made >= PROPOSALS) return;
    this.#made.set(place, made + 1);
    for (const { name } of this.#world.nodes) {
      // What is for the next phase is held by who is not there yet, and looked at before anybody has spoken in it.
      const next = statement.phase + 1;
      const phase = isPhase(next) && this.#random.chance(0.2) ? next : statement.phase;
      const raw = this.#proposal(running.session, running.state, phase);
      this.#world.network.publishFrom(this.#identity.name, topic, raw, name);
    }
    this.#onLie();
  }

  #find(id: string): { readonly session: Session; readonly state: State } | undefined {
    for (const { elder } of this.#world.nodes) {
      const running = elder?.sessions.all.get(id);
      if (running) return running;
    }
    return undefined;
  }

  #proposal(session: Session, state: State, phase: Phase): Uint8Array {
    const early = encode(forms.closeCodec, { phase, included: heardIn(state, phase), silent: [] });
    const value = this.#random.chance(0.4) ? early : otherClose(this.#random, early, state);
    const view = this.#random.chance(0.9) ? 0 : this.#random.between(1, 1000);
    const proposal = { instance: forms.closeInstance(session, phase), view, validView: undefined, value };
    const body = encode(forms.proposalBody, { session: session.idBytes, phase, proposal });
    return sealEnvelope(this.#identity, NETWORK_TAG, 'dkgProposal', body).raw;
  }
}
