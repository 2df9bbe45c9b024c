import { PHASES, type PhaseName } from '@witan/dkg';
import { BACK_WITHIN_MS, deadlinesMs } from './support.ts';

/** Who is killed, and what is there to make it that. */
export const ROLES = {
  dealer: 'One of the seven who deal is killed.',
  accused: 'The one whom n6 accuses falsely is killed.',
  accuser: 'The one whom n6 has dealt a bad share, and who has to say so in time, is killed.',
  'non-dealer': 'The one whose Contribution comes too late to count is killed.',
  leader: 'n6 says one thing to some and another to others; the leader that could settle it is killed.',
  coordinator: 'n6 does not speak, so that somebody has to propose; the coordinator, which would, is killed.',
  follower: 'An elder that is no participant is killed: nobody waits for it.',
} as const;
export type Role = keyof typeof ROLES;

const MOMENTS = {
  enters: 'As it enters the phase.',
  writes: 'With the first of the phase on its disk.',
  sends: 'As it is about to speak; what is not synced is lost.',
} as const;
type Moment = keyof typeof MOMENTS;

/** Roles and phases that there are: nobody leads Finalisation, and only later than Contribution can one be too late for it. */
export function existsIn(role: Role, phase: PhaseName): boolean {
  if (role === 'leader') return phase !== 'finalisation';
  return role !== 'non-dealer' || PHASES.indexOf(phase) >= PHASES.indexOf('complaining');
}

function momentsOf(role: Role, phase: PhaseName): readonly Moment[] {
  const isLast = phase === 'finalisation';
  switch (role) {
    case 'non-dealer':
      // It hears in one step how Contribution and the phases after it have closed.
      return isLast ? ['enters', 'writes', 'sends'] : phase === 'complaining' ? ['enters', 'sends'] : ['enters'];
    case 'coordinator':
      return isLast ? ['enters'] : ['enters', 'sends'];
    case 'follower':
      return isLast ? ['enters'] : ['enters', 'writes'];
    default:
      return ['enters', 'writes', 'sends'];
  }
}

function setUp(role: Role, phase: PhaseName): readonly string[] {
  const seven = ['section nodes=7', 'details few'];
  const plain = [...seven, ...(phase === 'justification' ? ['lie n6 wrong-share to=n5'] : [])];
  switch (role) {
    case 'dealer':
      return plain;
    case 'accused':
      return [...seven, 'lie n6 false-complaint to=n3'];
    case 'accuser':
      return [...seven, 'lie n6 wrong-share to=n3'];
    case 'non-dealer':
      return [...plain, 'lose contribution from=n3', 'lose answer from=n3'];
    case 'leader':
      return [...plain, `lie n6 two-messages about=${phase} to=n0,n1,n2`];
    case 'coordinator':
      return [...plain, 'coordinator honest', `kill n6 sends=${phase}`];
    case 'follower':
      return [
        'section nodes=8 elders=7 absent-ms=2000',
        'details few',
        'run until=shares',
        'lose heartbeat from=n3',
        ...(phase === 'justification' ? ['lie n2 false-complaint to=n1'] : []),
      ];
  }
}

/** Its label: `n3`, `c0`. */
export function victimOf(role: Role, phase: PhaseName): string {
  if (role === 'coordinator') return 'c0';
  // In view 0 anybody may propose; this is the leader of view 1.
  return role === 'leader' ? `n${PHASES.indexOf(phase) + 1}` : 'n3';
}

function firstWord(role: Role, phase: PhaseName): string {
  if (role === 'leader' || role === 'coordinator') return `proposal phase=${phase}`;
  // Who is not accused has nothing to say, and votes.
  return phase === 'justification' && role !== 'accused' ? `prevote phase=${phase}` : phase;
}

/** The commands of the scenario file: the same for each moment of the phase. Every bound is in virtual time. */
export function scenarioOf(role: Role, phase: PhaseName): string {
  const victim = victimOf(role, phase);
  const blocks = momentsOf(role, phase).map((moment) => {
    const when = moment === 'sends' ? `sends=${firstWord(role, phase)} unsynced=lost` : `${moment}=${phase}`;
    return [
      `# ${MOMENTS[moment]}`,
      ...setUp(role, phase),
      `kill ${victim} ${when}`,
      'run until=started',
      `run until=done ms=${deadlinesMs(role === 'leader' ? 2 : 1)}`,
      'run until=handover',
      'heal',
      `restart ${victim}${role === 'coordinator' ? ',n6' : ''}`,
      `run until=shares ms=${BACK_WITHIN_MS}`,
      '----',
    ];
  });
  return [`# ${ROLES[role]}`, '', ...blocks.flatMap((block) => [...block, ''])].join('\n');
}
