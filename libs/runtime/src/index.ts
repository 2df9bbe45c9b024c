export { Actor } from './actor.ts';
export type { ActorOptions, ActorStatus, Crash, PoisonEvent, StoreFailure } from './actor-options.ts';
export { type Clock, systemClock, type TimerHandle } from './clock.ts';
export type {
  CompactRecord,
  Effect,
  Machine,
  ResponseEvent,
  RuntimeEvent,
  Step,
  TimerEvent,
} from './machine.ts';
export type { ActorObserver } from './observer.ts';
export type { EffectPorts, RequestResult } from './ports.ts';
export type { Sealer, Sealing } from './sealing.ts';
export type { BackoffOptions, CrashLimit } from './supervision.ts';
export { VirtualClock } from './virtual-clock.ts';
