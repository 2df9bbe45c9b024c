import { decode, encode, type Signed } from '@witan/wire';
import { isAscending } from '../judge.ts';
import { isLimited } from '../rate-limit.ts';
import type { Received } from '../receive.ts';
import { isDone, type State } from '../state.ts';
import type { Turn } from '../turn.ts';
import { answerCodec, dealingCodec, purposeOf, type RepairAnswer, type RepairRequest, requestCodec } from './forms.ts';
import { dealersOfMask, dealMask, isRepairable, openPart, openPieces, sealMasked } from './mask.ts';

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
  const answer = isLimited(turn, signed.author) ? ({ type: 'none' } as const) : answerTo(turn, receiver, request);
  turn.effects.push({ type: 'reply', id: replyTo, bytes: encode(answerCodec, answer) });
  return 'new';
}

function isWellMade({ session }: State, receiver: number, { dealers, dealings }: RepairRequest): boolean {
  if (!isRepairable(session) || dealers.length !== dealersOfMask(session) || !isAscending(dealers)) return false;
  if (dealers.includes(receiver) || dealers.at(-1)! >= session.participants.length) return false;
  return dealings.length === 0 || dealings.length === dealers.length;
}

function answerTo(turn: Turn, receiver: number, request: RepairRequest): RepairAnswer {
  const { state } = turn;
  const { secretShare, me } = state;
  if (!isDone(state) || secretShare === undefined) return { type: 'none' };
  const purpose = purposeOf(receiver, request);
  if (request.dealings.length === 0) {
    if (!request.dealers.includes(me)) return { type: 'none' };
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
