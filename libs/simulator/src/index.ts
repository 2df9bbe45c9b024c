export { LIE_KINDS, type LieKind } from './byzantine/kinds.ts';
export { INVARIANTS, type Invariant, type Violation } from './checkers/checker.ts';
export { FAIR, type Packet, SimNetwork, type Tamper, type Weather } from './network.ts';
export { NETWORK_TAG } from './network-tag.ts';
export type { Plan } from './plan.ts';
export { Random } from './random.ts';
export { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';
export { type SimNode, type Watcher, World, type WorldOptions } from './world.ts';
