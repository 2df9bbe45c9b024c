import type { WitanEvent } from '@witan/api';
import {
  type Action,
  certificateMessage,
  decisionHash,
  encodeCertified,
  encodeDecision,
  NO_PARENT,
} from '@witan/chain';
import { encodeG1, Identity, keyPair, scalarFromHash, sha256, signShare } from '@witan/crypto';
import type { Transport } from '@witan/elder';
import { VirtualClock } from '@witan/runtime';
import { networkTag } from '@witan/wire';
import { LiveBackend } from '../src/backend-live/live-backend.ts';

const NETWORK = 'lies';
export const TAG = networkTag(NETWORK);
export const utf8 = (text: string) => new Uint8Array(Buffer.from(text));

/** A section of one node, which has the whole of its key. */
export const node = Identity.fromSeed(sha256(utf8('the only node')));
export const secret = scalarFromHash(utf8('genesis'), 'gateway-tests');
export const key = encodeG1(keyPair(secret).publicKey);

/** @param by whose key the section has by then */
export function certify(generation: number, parent: Uint8Array, action: Action, by = secret) {
  const decision = encodeDecision({ network: TAG, prefix: '', generation, parent, action });
  const hash = decisionHash(decision);
  return { hash, raw: encodeCertified(decision, 0, signShare(by, certificateMessage(hash, 0))) };
}

export const genesis = certify(0, NO_PARENT, { type: 'genesis', node: node.publicKey, key });

type Answer = (question: Uint8Array, to: string) => Uint8Array | undefined;
/** What it is told when it asks, by verb. Nothing: the question is not answered. */
export type Answers = Readonly<Record<string, Uint8Array | Answer>>;

/** A gateway that has started, and has heard of nobody. */
export function gatewayBefore(answers: Answers, answersAfterMs = 0) {
  const clock = new VirtualClock();
  const handlers = new Map<string, ((bytes: Uint8Array, topic: string) => void)[]>();
  const transport: Transport = {
    publish: () => {},
    subscribe: (topic, handler) => void handlers.set(topic, [...(handlers.get(topic) ?? []), handler]),
    request: (to, verb, question, _timeoutMs, done) => {
      asked.push(verb);
      const answer = answers[verb];
      const bytes = typeof answer === 'function' ? answer(question, to) : answer;
      const answered = () => done(bytes ? { ok: true, bytes } : { ok: false, error: 'WITAN_ERR_TIMEOUT' });
      if (answersAfterMs === 0) clock.defer(answered);
      else clock.setTimer(answersAfterMs, answered);
    },
    serve: () => {},
  };
  const rejected: string[] = [];
  const asked: string[] = [];
  const events: WitanEvent[] = [];
  const link = { isUp: true };
  const backend = new LiveBackend({
    network: NETWORK,
    prefix: '',
    genesisKey: undefined,
    identity: Identity.fromSeed(sha256(utf8('gateway'))),
    transport,
    clock,
    wallClock: () => Date.UTC(2026, 0, 1) + clock.now(),
    connected: () => link.isUp,
    onRejected: (channel, { code }) => void rejected.push(`${channel} ${code}`),
  });
  backend.events.subscribe(undefined, (event) => void events.push(event));
  backend.start();
  const hear = (channel: string, bytes: Uint8Array) => {
    for (const handler of handlers.get(`section.root.${channel}`) ?? []) handler(bytes, '');
    clock.advance(100);
  };
  return { backend, clock, hear, rejected, asked, link, events };
}
