import { supermajority } from '@witan/chain';
import { type Scalar, scalarToBytes, toHex } from '@witan/crypto';
import { PHASES, Phase, type Session, type State } from '@witan/dkg';
import { readStatement } from '../statement.ts';
import type { SimNode, SimProcess } from '../world.ts';
import type { MakeChecker, Scene } from './checker.ts';
import { answerItems } from './repeat.ts';

/** No honest node sends its secrets, and what is shown in the open never adds up to a key. */
export const secrecyChecker: MakeChecker = (scene) => {
  const { isHonest, violated } = scene;
  const secrets = new Map<string, Map<string, Uint8Array>>();
  const exposures = new Exposures(scene);
  const seen = new WeakSet<Uint8Array>();
  const kept = new Map<SimNode, number>();

  const keep = (node: SimProcess, what: string, secret: Uint8Array) => {
    const own = secrets.get(node.label) ?? new Map<string, Uint8Array>();
    secrets.set(node.label, own.set(`${what} ${toHex(secret).slice(0, 8)}`, secret));
  };

  const searchForSecrets = (node: SimNode, bytes: Uint8Array) => {
    const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const [what, secret] of secrets.get(node.label) ?? []) {
      const shown = haystack.includes(Buffer.from(secret)) || haystack.includes(toHex(secret));
      if (shown) violated('secrets-stay', node.label, `${what} in what it sends`);
    }
  };

  const note = (node: SimNode, raw: Uint8Array) => {
    const statement = readStatement(raw);
    if (!statement?.session || !statement.payload) return;
    const { session, author, payload } = statement;
    if (payload.type === 'opening') exposures.opened(node, session, author, payload.dealer);
    else if (payload.type === 'justification') {
      for (const { accuser } of payload.answers) exposures.justified(session, author, accuser);
    }
  };

  return {
    sends: (node, { form, about, bytes }) => {
      if (!node || seen.has(bytes)) return;
      seen.add(bytes);
      if (isHonest(node)) {
        for (const secret of node.secrets.slice(kept.get(node) ?? 0)) keep(node, 'seed', secret);
        kept.set(node, node.secrets.length);
        searchForSecrets(node, bytes);
      }
      if (form === 'broadcast') note(node, bytes);
      else if (form === 'answer') for (const item of answerItems(about, bytes)) note(node, item);
    },
    dkg: (node, session, report) => {
      if (!isHonest(node) || (report.type !== 'phase' && report.type !== 'done')) return;
      const state = node.sessions?.all.get(session.id)?.state;
      if (!state) return;
      if (state.secretShare !== undefined) keep(node, 'key share', scalarToBytes(state.secretShare));
      if (state.dealing) keep(node, 'polynomial', scalarToBytes(state.dealing.value[0] as Scalar));
      if (state.qualified) exposures.isQualified(session, state);
    },
  };
};

interface Known {
  readonly session: Session;
  readonly qualified: readonly number[];
}

/** Which shares of which dealers are in the open, session by session. */
class Exposures {
  readonly #scene: Scene;
  readonly #known = new Map<string, Known>();
  /** Session and dealer to those whose shares of that dealer everyone knows. */
  readonly #open = new Map<string, Set<number>>();
  readonly #told = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  isQualified(session: Session, { qualified }: State): void {
    if (this.#known.has(session.id)) return;
    this.#known.set(session.id, { session, qualified: qualified! });
    this.#check(session.id);
  }

  /** An honest node opens a share of an honest dealer only once it is agreed that the dealer's commitment is missing. */
  opened(node: SimNode, session: string, author: string, dealer: number): void {
    const state = node.elder?.sessions.all.get(session)?.state;
    const opener = state?.session.indexOf.get(author);
    if (!state || opener === undefined) return;
    this.#expose(session, dealer, opener);
    const { world, isHonest, violated } = this.#scene;
    const dealerNode = world.nodeOf(state.session.participants[dealer]?.name ?? '');
    if (author !== node.name || !isHonest(node) || !dealerNode || !isHonest(dealerNode)) return;
    const close = state.closes[Phase.Commitment];
    if (!close || close.included.has(dealer)) {
      const when = close ? 'whose commitment counts' : `in ${PHASES[state.phase]}, before the close`;
      violated('key-stays-secret', node.label, `opens its share of ${dealerNode.label}, ${when}`);
    }
  }

  justified(session: string, author: string, accuser: number): void {
    const known = this.#known.get(session) ?? this.#find(session);
    const dealer = known?.session.indexOf.get(author);
    if (dealer !== undefined) this.#expose(session, dealer, accuser);
  }

  #find(id: string): { readonly session: Session } | undefined {
    for (const { elder } of this.#scene.world.nodes) {
      const found = elder?.sessions.all.get(id);
      if (found) return found;
    }
    return undefined;
  }

  #expose(session: string, dealer: number, receiver: number): void {
    const place = `${session}/${dealer}`;
    const open = this.#open.get(place) ?? new Set<number>();
    if (open.has(receiver)) return;
    this.#open.set(place, open.add(receiver));
    this.#check(session);
  }

  /** The key is a secret as long as the polynomial of one honest dealer is. */
  #check(id: string): void {
    const known = this.#known.get(id);
    if (!known || this.#told.has(id)) return;
    const { session, qualified } = known;
    const faulty = session.participants.filter(({ name }) => !this.#isHonest(name)).map(({ index }) => index);
    // More liars than the protocol is made for.
    if (session.participants.length - faulty.length < supermajority(session.participants.length)) return;
    const isKnown = (dealer: number) => {
      if (faulty.includes(dealer)) return true;
      const open = new Set([...faulty, ...(this.#open.get(`${id}/${dealer}`) ?? [])]);
      return open.size >= session.threshold;
    };
    if (!qualified.every(isKnown)) return;
    this.#told.add(id);
    this.#scene.violated('key-stays-secret', 'all', `the key of ${id.slice(0, 6)}: dealers ${qualified} are all open`);
  }

  #isHonest(name: string): boolean {
    const node = this.#scene.world.nodeOf(name);
    return node !== undefined && this.#scene.isHonest(node);
  }
}
