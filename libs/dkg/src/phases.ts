/** The six phases, in order (Gennaro, Jarecki, Krawczyk, Rabin 2007, figure 2). */
export const PHASES = [
  'initialisation',
  'contribution',
  'complaining',
  'justification',
  'commitment',
  'finalisation',
] as const;
export type PhaseName = (typeof PHASES)[number];

export const Phase = {
  Initialisation: 0,
  Contribution: 1,
  Complaining: 2,
  Justification: 3,
  Commitment: 4,
  Finalisation: 5,
} as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** All but the last phase end by a close; the last ends when the new key has signed. */
export const CLOSED_PHASES = 5;

export function phaseName(phase: Phase): PhaseName {
  return PHASES[phase]!;
}

export function isPhase(value: number): value is Phase {
  return Number.isInteger(value) && value >= 0 && value < PHASES.length;
}
