import { subjects } from './subjects.ts';

/** The services, each with a NATS user of its own kind. */
export const ROLES = ['gateway', 'elder', 'adult', 'dkg-coordinator'] as const;
export type Role = (typeof ROLES)[number];

/** What a user of the bus may do. A subscription may name its queue: `subject queue`. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

export interface RoleScope {
  readonly network: string;
  /** Bits of the section's prefix. */
  readonly prefix: string;
  /** Name of the node: an elder then answers for no other. For any where it is not given, as before its first start. */
  readonly node?: string | undefined;
  /** Where the answers to its own requests arrive, and nobody else's: a prefix of subjects. */
  readonly inbox: string;
  /** Inboxes of those who may ask every service how it is. */
  readonly operators: readonly string[];
}

/** The queue of those who answer questions to any node of the section. */
export const ANYONE_QUEUE = 'section';

/** Channels of a section (`dkg.*` of all sessions) and verbs of its elders, as in docs/architecture.md. */
interface RoleSubjects {
  readonly says: readonly string[];
  readonly hears: readonly string[];
  /** Of any elder. */
  readonly asks: readonly string[];
  /** Itself. */
  readonly answers: readonly string[];
  /** Of whichever elder is free. */
  readonly asksAnyone: readonly string[];
  readonly answersAnyone: readonly string[];
}

const SERVICES_PROTOCOL = ['PING', 'INFO', 'STATS'];

const NOTHING: RoleSubjects = { says: [], hears: [], asks: [], answers: [], asksAnyone: [], answersAnyone: [] };
/** Whoever follows a section: hears what is decided and who is alive, and asks for what it has missed. */
const FOLLOWER: RoleSubjects = {
  ...NOTHING,
  hears: ['events', 'heartbeats'],
  asks: ['ae.section'],
  asksAnyone: ['ae.section'],
};

/** What each role needs, and all that it may. */
const NEEDS: Readonly<Record<Role, RoleSubjects>> = {
  elder: {
    // A request to join is passed on, so that all elders hear of it.
    says: ['dkg.*', 'decisions', 'events', 'join', 'heartbeats', 'reports'],
    hears: ['dkg.*', 'decisions', 'events', 'join', 'heartbeats'],
    asks: ['ae.section', 'ae.dkg', 'dkg.repair'],
    answers: ['ae.section', 'ae.dkg', 'dkg.repair', 'sign', 'dkg.history'],
    asksAnyone: ['ae.section'],
    answersAnyone: ['ae.section'],
  },
  adult: { ...FOLLOWER, says: ['join', 'heartbeats'] },
  gateway: {
    ...FOLLOWER,
    hears: [...FOLLOWER.hears, 'reports'],
    asks: [...FOLLOWER.asks, 'sign', 'dkg.history'],
  },
  'dkg-coordinator': {
    ...FOLLOWER,
    // The certificate of a DkgStart is an event.
    says: ['dkg.*', 'events'],
    hears: [...FOLLOWER.hears, 'dkg.*'],
    asks: [...FOLLOWER.asks, 'ae.dkg'],
  },
};

/** Of anybody. What a question is answered to has a name that only those know who have heard the question. */
const ANY_INBOX = '_INBOX';

/**
 * The subjects that a role needs and no others: the one place that says so. Answers are among them. The server could let
 * who was asked answer, wherever to (`allow_responses`); but whoever may say and hear the same subject could then ask
 * itself, with any subject to answer to, and say anything anywhere.
 *
 * @throws WITAN_ERR_INVALID for names that cannot stand in a subject
 */
export function permissionsOf(role: Role, { network, prefix, node, inbox, operators }: RoleScope): Permissions {
  const subject = subjects(network);
  const section = (channel: string): string => `${subject.section(prefix)}.${channel}`;
  const anyElder = (verb: string): string => subject.node('x', 'elder', verb).replace('.x.', '.*.');
  const ownElder = (verb: string): string => (node === undefined ? anyElder(verb) : subject.node(node, 'elder', verb));
  const { says, hears, asks, answers, asksAnyone, answersAnyone } = NEEDS[role];
  const service = `witan-${role}`;
  const answered = answers.length > 0 ? [ANY_INBOX] : operators;
  return {
    publish: [
      ...says.map(section),
      ...asks.map(anyElder),
      ...asksAnyone.map((verb) => section(`ask.${verb}`)),
      ...answered.map((each) => `${each}.>`),
    ],
    subscribe: [
      ...hears.map(section),
      ...answers.map(ownElder),
      ...answersAnyone.map((verb) => `${section(`ask.${verb}`)} ${ANYONE_QUEUE}`),
      // Asked of all, of all of its kind, and of this one. By name: to the server (2.9) `$SRV.*` covers `$SRV.>` as well.
      ...SERVICES_PROTOCOL.flatMap((verb) => [`$SRV.${verb}`, `$SRV.${verb}.${service}`, `$SRV.${verb}.${service}.*`]),
      `${inbox}.>`,
    ],
  };
}
