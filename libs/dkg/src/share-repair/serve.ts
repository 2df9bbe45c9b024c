import type { Scalar } from '@witan/crypto';
import { decode, encode, type Signed } from '@witan/wire';
import { isAscending } from '../judge.ts';
import { isHelped } from '../rate-limit.ts';
import type { Received } from '../receive.ts';
import { isDone, type State } from '../state.ts';
import type { Turn } from '../turn.ts';
import { answerCodec, dealingCodec, purposeOf, type RepairAnswer, type RepairRequest, requestCodec } from './forms.ts';
import { dealersOfMask, dealMask, isRepairable, openPart, openPieces, sealMasked } from './mask.ts';

/** Answers to one participant that are given again as they were. It asks twice in an attempt, and at most every 50 ms. */
const REMEMBERED = 64;
const NONE: RepairAnswer = { type: 'none' };

/**
 * Helps a participant to its own share of the key. Nothing is written down for it, and whoever asks learns nothing but
 * its own share, however often it asks and whatever it asks for: each purpose has a mask of its own.
 */
export function serveRepair(turn: Turn, signed: Signed, replyTo: string): Received {
  const { state } = turn;
  const request = decode(requestCodec, signed.body);
  if (Buffer.compare(request.session, state.session.idBytes) !== 0) return 'wrong-session';
  const receiver = state.session.indexOf.get(signed.author);
  if (receiver === undefined) return 'not-participant';
  if (receiver === state.me || !isWellMade(state, receiver, request)) return 'invalid';
  turn.effects.push({
    type: 'reply',
    id: replyTo,
    bytes: known(state, signed) ?? help(turn, signed, receiver, request),
  });
  return 'new';
}

/**
 * The answer to a question that comes again. Each attempt has a key of its own, so it is another who says it again: that is
 * not counted against its author, and costs nothing.
 */
function known({ progress }: State, { author, id }: Signed): Uint8Array | undefined {
  return progress.help.get(author)?.get(id);
}

function help(turn: Turn, { author, id }: Signed, receiver: number, request: RepairRequest): Uint8Array {
  const { state } = turn;
  // Who does not deal is not asked for a dealing: it is another who says that here, and it is not counted either.
  const isForMe = request.dealings.length > 0 || request.dealers.includes(state.me);
  const canHelp = isForMe && isDone(state) && state.secretShare !== undefined && !isHelped(turn, author);
  const answer = canHelp ? answerTo(turn, state.secretShare, receiver, request) : NONE;
  const bytes = encode(answerCodec, answer);
  if (answer.type !== 'none') remember(turn, author, id, bytes);
  return bytes;
}

function remember(turn: Turn, author: string, id: string, bytes: Uint8Array): void {
  const { progress } = turn.state;
  const answers = new Map(progress.help.get(author)).set(id, bytes);
  if (answers.size > REMEMBERED) answers.delete(answers.keys().next().value!);
  turn.update({ progress: { ...progress, help: new Map(progress.help).set(author, answers) } });
}

function isWellMade({ session }: State, receiver: number, { dealers, dealings }: RepairRequest): boolean {
  if (!isRepairable(session) || dealers.length !== dealersOfMask(session) || !isAscending(dealers)) return false;
  if (dealers.includes(receiver) || dealers.at(-1)! >= session.participants.length) return false;
  return dealings.length === 0 || dealings.length === dealers.length;
}

function answerTo(turn: Turn, secretShare: Scalar, receiver: number, request: RepairRequest): RepairAnswer {
  const { state } = turn;
  const purpose = purposeOf(receiver, request);
  if (request.dealings.length === 0) {
    const body = encode(dealingCodec, dealMask(state, secretShare, receiver, purpose));
    return { type: 'dealing', raw: turn.sign('dkgRepairDealing', body).raw };
  }
  const opened = request.dealers.map((dealer, at) => openPart(state, dealer, purpose, request.dealings[at]!));
  const parts = opened.flatMap((part) => part ?? []);
  if (parts.length < opened.length) {
    return { type: 'refused', dealers: request.dealers.filter((_, at) => opened[at] === undefined) };
  }
  const pieces = openPieces(state, parts, receiver, purpose);
  if ('bad' in pieces) return { type: 'refused', dealers: [...pieces.bad] };
  const { ephemeral } = request;
  return { type: 'masked', sealed: sealMasked(state, secretShare, pieces.mask, { ephemeral, purpose, parts }) };
}
