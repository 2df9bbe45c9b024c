import {
  evaluate,
  mod,
  modAdd,
  modMul,
  mulBase,
  polynomialFromSeed,
  type Scalar,
  scalarToBytes,
  sha256,
  signShare,
} from '@witan/crypto';
import { forms, Phase, type State } from '@witan/dkg';
import { encode } from '@witan/wire';
import type { Statement } from '../statement.ts';
import { everyone, type Liar, type Lie, oneEach, sign, stateOf, type Told } from './liar.ts';

/** Lies about what one has to say in a phase of a DKG. */
type PayloadLie = (
  liar: Liar,
  state: State,
  payload: forms.Payload,
) => forms.Payload | readonly forms.Payload[] | undefined;

const SCALAR_BYTES = 32;
const LOW_ORDER_POINT = new Uint8Array(32);

/** In the place of `truth`. */
function forge(liar: Liar, state: State, truth: Statement, payload: forms.Payload): Uint8Array {
  const follows = truth.follows!;
  return sign(liar, 'dkgMessage', encode(forms.messageCodec, { session: state.session.idBytes, follows, payload }));
}

/** The liar's state in the phase that it speaks of: what is said ahead supposes a close. */
function stateAt(liar: Liar, truth: Statement): State | undefined {
  const state = stateOf(liar, truth.session);
  return state && truth.ballot?.phase === state.phase ? (forms.supposedState(state) ?? state) : state;
}

/** The same lie for everyone; several payloads are said one after the other. */
function toAll(lie: PayloadLie): Lie {
  return (liar, truth) => {
    const state = stateAt(liar, truth);
    const told = state && truth.payload && lie(liar, state, truth.payload);
    if (!state || !told) return undefined;
    return everyone(...[told].flat().map((payload) => forge(liar, state, truth, payload)));
  };
}

const others = (state: State) => state.session.participants.map((each) => each.index).filter((at) => at !== state.me);

const wrongShare: PayloadLie = ({ choose }, state, payload) => {
  const { dealing, seed } = state;
  if (payload.type !== 'contribution' || !dealing || !seed) return undefined;
  const victims = new Set(choose(others(state)));
  const shares = payload.shares.map((sealed, index) => {
    if (!victims.has(index)) return sealed;
    const value = modAdd(evaluate(dealing.value, index + 1), 1n);
    const share = { value, blind: evaluate(dealing.blind, index + 1) };
    return forms.sealShare(state, index, forms.sealingSecret(seed, index), share);
  });
  return { ...payload, shares };
};

const garbageShare: PayloadLie = ({ random, choose }, state, payload) => {
  if (payload.type !== 'contribution') return undefined;
  const victims = new Set(choose(others(state)));
  const ruin = (sealed: forms.PayloadOf<'contribution'>['shares'][number]) =>
    random.pick([
      { ...sealed, ciphertext: random.bytes(sealed.ciphertext.length) },
      { ...sealed, ciphertext: random.bytes(random.between(0, 96)) },
      { ...sealed, ephemeral: random.bytes(SCALAR_BYTES) },
      { ...sealed, ephemeral: LOW_ORDER_POINT },
    ]);
  return { ...payload, shares: payload.shares.map((sealed, index) => (victims.has(index) ? ruin(sealed) : sealed)) };
};

/** Well signed, and not what an honest participant could say. */
const invalidMessage: PayloadLie = ({ random }, state, payload) => {
  switch (payload.type) {
    case 'initialisation':
      return { ...payload, ephemeral: LOW_ORDER_POINT };
    case 'contribution':
    case 'commitment': {
      const { commitment } = payload;
      const like = commitment[0]!;
      const bad = random.pick([
        commitment.slice(1),
        [...commitment, like],
        commitment.with(0, random.bytes(like.length)),
        commitment.with(
          0,
          Uint8Array.from(like, (_, at) => (at === 0 ? 0xc0 : 0)),
        ),
      ]);
      return { ...payload, commitment: bad };
    }
    case 'complaining':
      return { ...payload, accused: random.pick([[state.me], [0xffff], [1, 0], [0, 0]]) };
    case 'justification':
      return { ...payload, answers: [...payload.answers, { accuser: 0xffff, secret: random.bytes(SCALAR_BYTES) }] };
    default:
      return undefined;
  }
};

const falseComplaint: PayloadLie = ({ choose }, state, payload) => {
  const dealers = [...(state.closes[Phase.Contribution]?.included.keys() ?? [])].filter(
    (dealer) => dealer !== state.me,
  );
  if (payload.type !== 'complaining' || dealers.length === 0) return undefined;
  return { ...payload, accused: [...choose(dealers)].sort((a, b) => a - b) };
};

const falseJustification: PayloadLie = ({ random }, _state, payload) => {
  if (payload.type !== 'justification') return undefined;
  return { ...payload, answers: payload.answers.map((answer) => ({ ...answer, secret: random.bytes(SCALAR_BYTES) })) };
};

/** Commits to `polynomial` in the place of the own one, and proves it as well as one can who knows all of its own. */
function committing(state: State, value: readonly Scalar[]): forms.Payload | undefined {
  const { dealing, seed } = state;
  if (!dealing || !seed) return undefined;
  return forms.commitment(state, { ...dealing, value, feldman: value.map(mulBase) }, seed);
}

const plus = (a: readonly Scalar[], b: readonly Scalar[]) => a.map((value, k) => modAdd(value, b[k] ?? 0n));

const falseCommitment: PayloadLie = ({ random }, state, payload) => {
  if (payload.type !== 'commitment') return undefined;
  return committing(state, polynomialFromSeed(random.bytes(32), 'false', state.session.threshold - 1));
};

/** Adds a multiple of the polynomial that is zero at the chosen ones: they see nothing wrong. */
const craftedCommitment: PayloadLie = ({ random, choose }, state, payload) => {
  if (payload.type !== 'commitment' || !state.dealing) return undefined;
  const fooled = choose(others(state)).slice(0, state.session.threshold - 1);
  let zero: Scalar[] = [BigInt(random.between(1, 1 << 30))];
  for (const index of fooled) {
    const shifted = [0n, ...zero];
    zero = shifted.map((value, k) => mod(value - BigInt(index + 1) * (zero[k] ?? 0n)));
  }
  return committing(state, plus(state.dealing.value, zero));
};

const cancellingCommitment: PayloadLie = ({ node, accomplices }, state, payload) => {
  if (payload.type !== 'commitment' || !state.dealing) return undefined;
  const seed = sha256(state.session.idBytes);
  const error = polynomialFromSeed(seed, 'cancelling', state.session.threshold - 1);
  const sign = accomplices[0] === node ? 1n : -1n;
  return committing(
    state,
    plus(
      state.dealing.value,
      error.map((value) => modMul(mod(sign), value)),
    ),
  );
};

const badSignatureShare: PayloadLie = ({ random }, _state, payload) => {
  if (payload.type !== 'finalisation') return undefined;
  const message = forms.confirmationMessage(payload.transcript);
  return random.pick([
    { ...payload, transcript: random.bytes(32) },
    { ...payload, signature: signShare(BigInt(random.between(2, 1 << 30)), message) },
    { ...payload, signature: random.bytes(payload.signature.length) },
  ]);
};

const falseOpening: PayloadLie = ({ random, choose }, state, payload) => {
  if (payload.type !== 'commitment') return undefined;
  const dealers = choose([...state.shares.keys()]);
  const openings = dealers.map((dealer): forms.Payload => {
    const { value, blind } = state.shares.get(dealer)!;
    const shown = random.chance(0.5) ? modAdd(value, 1n) : value;
    return { type: 'opening', dealer, value: scalarToBytes(shown), blind: scalarToBytes(blind) };
  });
  return [payload, ...openings];
};

/** One message for some, another for others, and for a few both. */
const twoMessages: Lie = (liar, truth, raw) => {
  const state = stateAt(liar, truth);
  const other = state && truth.payload && another(liar, state, truth.payload);
  if (!state || !other) return undefined;
  const second = forge(liar, state, truth, other);
  return oneEach(liar.random, [[raw], [raw], [second], [second, raw]]);
};

/** Something else that is as good a message. */
function another({ random }: Liar, state: State, payload: forms.Payload): forms.Payload | undefined {
  switch (payload.type) {
    case 'initialisation':
      return { ...payload, ephemeral: forms.sessionKeys(random.bytes(32)).publicKey };
    case 'contribution': {
      const seed = random.bytes(32);
      return forms.contribution(state, forms.deal(seed, state.session.threshold), seed);
    }
    case 'complaining': {
      const dealers = [...(state.closes[Phase.Contribution]?.included.keys() ?? [])].filter((at) => at !== state.me);
      const accused = random.sample(dealers, 1);
      return payload.accused.length > 0 ? { ...payload, accused: [] } : { ...payload, accused };
    }
    case 'justification':
      return { ...payload, answers: payload.answers.map((each) => ({ ...each, secret: random.bytes(SCALAR_BYTES) })) };
    case 'commitment':
      return state.dealing && forms.commitment(state, state.dealing, random.bytes(32));
    case 'finalisation':
      return { ...payload, transcript: random.bytes(32) };
    case 'opening':
      return undefined;
  }
}

const noJustification: Lie = (_liar, truth): Told | undefined =>
  truth.what === 'justification' ? everyone() : undefined;

export const messageLies = {
  'wrong-share': toAll(wrongShare),
  'garbage-share': toAll(garbageShare),
  'invalid-message': toAll(invalidMessage),
  'false-complaint': toAll(falseComplaint),
  'false-justification': toAll(falseJustification),
  'no-justification': noJustification,
  'false-commitment': toAll(falseCommitment),
  'crafted-commitment': toAll(craftedCommitment),
  'cancelling-commitment': toAll(cancellingCommitment),
  'bad-signature-share': toAll(badSignatureShare),
  'false-opening': toAll(falseOpening),
  'two-messages': twoMessages,
} satisfies Record<string, Lie>;
