import { toHex } from '@witan/crypto';
import { expect } from 'vitest';
import { type DkgReport, dkgMachine, type forms, Phase, type RejectReason, type State } from '../src/index.ts';
import { following, forge, identities, Net, type Node, payloadOf, snapshot } from './support.ts';

export const members = identities(4);
export const machine = dkgMachine();

/** Participant 0 in the named phase, having said its own and heard nobody else in it. */
function at(phase: Phase): { readonly net: Net; readonly node: Node } {
  const net = new Net(members, {
    link: (_from, to, bytes) => (to !== 0 || net.nodes[0]!.state.phase < phase ? bytes : undefined),
  });
  net.start().pump(() => net.nodes[0]!.state.phase === phase);
  return { net, node: net.nodes[0]! };
}

const PHASES = [Phase.Initialisation, Phase.Contribution, Phase.Complaining, Phase.Commitment];
export const byPhase: ReadonlyMap<Phase, ReturnType<typeof at>> = new Map(PHASES.map((each) => [each, at(each)]));
const { session } = byPhase.get(Phase.Initialisation)!.net;
/** A run to the end, to take true messages from. */
export const whole = new Net(members).start().run();

export function said(by: number, type: forms.PayloadType): Uint8Array {
  return whole.nodes[by]!.said.find((bytes) => payloadOf(bytes)?.type === type)!;
}

interface Refusal {
  readonly state: State;
  readonly reasons: readonly RejectReason[];
  readonly blamed: readonly string[];
}

export function receive(state: State, bytes: Uint8Array): Refusal {
  const step = machine.step(state, { type: 'received', bytes, at: 1 });
  const reports = step.effects.flatMap((effect) => (effect.type === 'report' ? [effect.report as DkgReport] : []));
  // Whatever came of it: nothing is written down, nothing is said.
  expect(step.effects.filter((effect) => effect.type !== 'report')).toEqual([]);
  return {
    state: step.state,
    reasons: reports.flatMap((report) => (report.type === 'rejected' ? [report.reason] : [])),
    blamed: reports.flatMap((report) => (report.type === 'blame' ? [`${report.node} ${report.reason}`] : [])),
  };
}

/** Refused for this reason, and nothing is changed by it. */
export function expectRefused(state: State, bytes: Uint8Array, reason: RejectReason | readonly RejectReason[]): void {
  const before = snapshot(state);
  const refusal = receive(state, bytes);
  expect(refusal.reasons).toHaveLength(1);
  expect([reason].flat()).toContain(refusal.reasons[0]);
  expect(refusal.blamed).toEqual([]);
  expect(snapshot(refusal.state)).toBe(before);
}

/** Well signed by a participant, and not acceptable: refused, and its author blamed with it, once. */
export function expectBlamed(state: State, author: number, payload: forms.Payload, reason: RejectReason): void {
  const bytes = forge(members[author]!, session, payload, following(state, payload.type));
  const refusal = receive(state, bytes);
  expect(refusal.reasons).toEqual([reason]);
  expect(refusal.blamed).toEqual([`${members[author]!.name} invalid-message`]);
  expect(refusal.state.blame.at(-1)!.evidence.map(toHex)).toEqual([toHex(bytes)]);
  expect(snapshot({ ...refusal.state, blame: [] })).toBe(snapshot({ ...state, blame: [] }));
  expect(receive(refusal.state, bytes).blamed).toEqual([]);
}
