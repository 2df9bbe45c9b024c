import * as agreement from '@witan/agreement';
import { toBitmap } from '@witan/anti-entropy';
import { fromHex } from '@witan/crypto';
import { bool, bytes, fixed, type Infer, list, struct, u8, u16 } from '@witan/wire';
import { PHASES } from './phases.ts';
import { wantedIds } from './receive.ts';
import { stillClosed } from './result.ts';
import type { State } from './state.ts';

const bitmap = bytes(32);

/** What a participant has, told to one who is asked for the rest. Body of an envelope of kind `dkgHoldings`. */
export const holdingsCodec = struct({
  session: fixed(32),
  phase: u8,
  /** Whether the close of the own phase is known and only messages are missing. */
  closed: bool,
  /** A bitmap of senders for each phase from the own one on, messages that came early among them. */
  messages: list(bitmap, PHASES.length),
  /** Senders known here to have said two things in the own phase: they are not waited for. */
  twice: bitmap,
  openings: list(struct({ dealer: u16, from: bitmap }), 128),
  /** Ids that an agreed close includes and that are missing. */
  wanted: list(fixed(32), 128),
  agreement: agreement.holdingsCodec,
});
export type Holdings = Infer<typeof holdingsCodec>;

export function holdings(state: State): Holdings {
  const { session } = state;
  const early = (phase: number) => [
    ...[...state.held.values()].filter((each) => each.messageOf === phase),
    ...(phase === state.phase + 1 ? state.ahead.values() : []),
  ];
  return {
    session: session.idBytes,
    phase: state.phase,
    closed: (state.pendingClose ?? state.closes[state.phase]) !== undefined,
    messages: PHASES.map((_, phase) =>
      phase < state.phase
        ? new Uint8Array(0)
        : toBitmap([...state.messages[phase]!.keys(), ...early(phase).map((each) => each.sender)]),
    ),
    twice: toBitmap([...state.equivocators]),
    openings: stillClosed(state).map((dealer) => ({
      dealer,
      from: toBitmap([...(state.openings.get(dealer)?.keys() ?? [])]),
    })),
    wanted: wantedIds(state)
      .slice(0, 128)
      .map((id) => fromHex(id)),
    agreement: agreement.holdings(state.agreement),
  };
}
