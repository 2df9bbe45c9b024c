import { fromHex, Identity } from '@witan/crypto';
import { forms } from '@witan/dkg';
import { heartbeatBody, joinBody } from '@witan/section';
import { decode, encode, sealEnvelope } from '@witan/wire';
import { NETWORK_TAG } from '../network-tag.ts';
import type { Random } from '../random.ts';
import { everyone, type Liar, type Lie, sign, stateOf } from './liar.ts';

/** Bytes that are nothing, or nothing any more. */
export function ruined(random: Random, raw: Uint8Array): Uint8Array {
  const at = random.between(0, raw.length - 1);
  switch (random.between(0, 4)) {
    case 0:
      return random.bytes(random.between(0, 200));
    case 1:
      return raw.slice(0, at);
    case 2:
      return raw.with(at, raw[at]! ^ (1 << random.between(0, 7)));
    case 3:
      return new Uint8Array([...raw, 0]);
    default:
      return new Uint8Array(random.pick([1, 64, 600 * 1024]));
  }
}

const garbage: Lie = ({ random }, _truth, raw) => {
  if (!random.chance(0.3)) return undefined;
  return random.chance(0.5) ? everyone(ruined(random, raw), raw) : everyone(ruined(random, raw));
};

/** Old messages as they were, and own ones of other sessions signed anew for this one. */
const replay: Lie = (liar, truth, raw) => {
  const { random, memory } = liar;
  if (memory.recent.length === 0 || !random.chance(0.3)) return undefined;
  const again = random.sample(memory.recent, 3).map((each) => each.raw);
  const state = stateOf(liar, truth.session);
  const elsewhere = memory.own.filter((each) => each.payload && each.session !== truth.session);
  if (state && elsewhere.length > 0) {
    const { payload, follows } = random.pick(elsewhere);
    const hash = fromHex(forms.closeBefore(state, forms.phaseOf(payload!.type)));
    const here = random.chance(0.5) ? follows! : ({ type: 'close', hash } as const);
    const body = encode(forms.messageCodec, { session: state.session.idBytes, follows: here, payload: payload! });
    again.push(sign(liar, 'dkgMessage', body));
  }
  return everyone(...again, raw);
};

/** A heartbeat of one who is far ahead. */
const boast: Lie = (liar, truth) => {
  if (truth.kind !== 'heartbeat') return undefined;
  const beat = decode(heartbeatBody, truth.body);
  const generation = (beat.generation ?? 0) + liar.random.pick([1, 2, 1000, 2 ** 31]);
  return everyone(sign(liar, 'heartbeat', encode(heartbeatBody, { ...beat, generation, usableShare: true })));
};

const MOST_SYBILS = 3;
const sybilsOf = new WeakMap<object, number>();

const sybil: Lie = (liar, truth, raw) => {
  const made = sybilsOf.get(liar) ?? 0;
  if (truth.kind !== 'heartbeat' || made >= MOST_SYBILS || !liar.random.chance(0.1)) return undefined;
  sybilsOf.set(liar, made + 1);
  const stranger = Identity.fromSeed(liar.random.bytes(32));
  const join = sealEnvelope(stranger, NETWORK_TAG, 'joinRequest', encode(joinBody, { prefix: '' })).raw;
  liar.world.network.publishFrom(liar.node.name, 'section.root.join', join);
  return everyone(raw);
};

/** Questions that nobody needs, some to each of the others. */
const flood: Lie = ({ world, node, memory, random }, truth, raw) => {
  const asked = memory.recent.filter((each) => each.topic.startsWith('ae.'));
  if (truth.kind !== 'heartbeat' || asked.length === 0) return undefined;
  for (const other of world.nodes) {
    for (let count = 0; count < 12; count++) {
      const { topic, raw: question } = random.pick(asked);
      const bytes = random.chance(0.3) ? ruined(random, question) : question;
      world.network.askFrom(node.name, other.name, topic, bytes);
    }
  }
  return everyone(raw);
};

/** More than anybody asks in a second. */
const ECHOES = 12;

/** What one has asked is put to all the others in its name. */
export function echo({ world, node }: Liar, verb: string, question: Uint8Array, asker: string): void {
  for (const { name } of world.nodes) {
    if (name === asker || name === node.name) continue;
    for (let count = 0; count < ECHOES; count++) world.network.askFrom(node.name, name, verb, question);
  }
}

export const noiseLies = { garbage, replay, boast, sybil, flood } satisfies Record<string, Lie>;
