import type { Subjects } from '@witan/bus';
import { peekCertified, tolerated } from '@witan/chain';
import { fromHex, type Identity } from '@witan/crypto';
import { forms } from '@witan/dkg';
import { encodeHistoryRequest, signRequestCodec } from '@witan/elder';
import { SERVICES, forms as sectionForms } from '@witan/section';
import { decode, encode, peekEnvelope, sealEnvelope } from '@witan/wire';
import { type Recorder, stranger } from './forge.ts';
import type { ServiceKind } from './service-process.ts';

/** What was heard of a section whose session waits, and where its parts are reached. */
export interface Overheard {
  readonly subject: Subjects;
  readonly tag: Uint8Array;
  readonly recorder: Recorder;
  readonly session: string;
  /** Of the session, sorted. */
  readonly participants: readonly string[];
  /** Name of the node that is asked. */
  readonly asked: string;
  /** Another participant. */
  readonly asker: Identity;
}

/** A subject that services listen to, and what bad input on it is made from. */
export interface Channel {
  readonly to: (overheard: Overheard) => string;
  /** Each as many times as one process of it listens. */
  readonly heardBy: readonly ServiceKind[];
  /** Something that is said here. */
  readonly genuine: (overheard: Overheard) => Uint8Array;
  /** Whose word counts here. What comes from nobody carries no name: it proves itself, or asks for what all may know. */
  readonly authors: 'members' | 'anyone' | 'nobody';
  /** How it is counted when it is said again; nowhere where that is no fault. */
  readonly again?: RegExp;
  /** An answer is waited for. */
  readonly asks?: true;
}

const EVERYONE: readonly ServiceKind[] = ['elder', 'adult', 'gateway', 'dkg-coordinator'];
const ELDER = SERVICES.indexOf('elder');

/** Every subject that any service listens to, relative to its network: a test compares it with what the server knows. */
export const CHANNELS: Readonly<Record<string, Channel>> = {
  'section.root.dkg.*': {
    to: ({ subject, session }) => subject.dkg('', session),
    heardBy: ['elder', 'dkg-coordinator'],
    genuine: ({ recorder, tag }) => last(recorder.ofKind('dkgMessage', tag)),
    authors: 'members',
    again: /duplicate/,
  },
  'section.root.decisions': {
    to: ({ subject }) => subject.decisions(''),
    heardBy: ['elder'],
    // Votes on what is decided are passed over: those who are late send them all the time.
    genuine: nextVote,
    authors: 'members',
  },
  'section.root.events': {
    to: ({ subject }) => subject.events(''),
    heardBy: EVERYONE,
    genuine: lastDecision,
    authors: 'nobody',
    again: /duplicate/,
  },
  'section.root.heartbeats': {
    to: ({ subject }) => subject.heartbeats(''),
    // A gateway follows its section as all do, and shows who is there.
    heardBy: [...EVERYONE, 'gateway'],
    genuine: ({ recorder, tag }) => last(recorder.ofKind('heartbeat', tag).filter((raw) => isOfElder(raw, tag))),
    authors: 'members',
    again: /duplicate|stale/,
  },
  'section.root.join': {
    to: ({ subject }) => subject.join(''),
    heardBy: ['elder'],
    genuine: ({ recorder, tag }) => last(recorder.ofKind('joinRequest', tag)),
    authors: 'anyone',
    again: /duplicate/,
  },
  'section.root.reports': {
    to: ({ subject }) => subject.topic('section.root.reports'),
    heardBy: ['gateway'],
    // A gateway that has just started asks for what it hears as well: each line of a report counts once.
    genuine: ({ recorder, tag }) => last(recorder.ofKind('dkgReport', tag)),
    authors: 'members',
  },
  'section.root.ask.ae.section': {
    to: ({ subject }) => subject.topic('section.root.ask.ae.section'),
    ...request(sectionQuestion),
  },
  'node.*.elder.ae.section': { to: elderVerb('ae.section'), ...request(sectionQuestion) },
  'node.*.elder.ae.dkg': {
    to: elderVerb('ae.dkg'),
    ...request(({ recorder }) => last(recorder.on('.elder.ae.dkg'))),
  },
  'node.*.elder.dkg.repair': { to: elderVerb('dkg.repair'), ...request(repairRequest, 'members') },
  'node.*.elder.sign': {
    to: elderVerb('sign'),
    ...request(
      () => encode(signRequestCodec, { payloadHash: new Uint8Array(32), context: 'e2e', signedAt: Date.now() }),
      'nobody',
    ),
  },
  'node.*.elder.dkg.history': {
    to: elderVerb('dkg.history'),
    ...request(({ session }) => encodeHistoryRequest(new Uint8Array(Buffer.from(session, 'hex')), 0), 'nobody'),
  },
};

/** As of one that has no share. */
function repairRequest({ session, participants, asker, tag }: Overheard): Uint8Array {
  const others = participants.flatMap((name, index) => (name === asker.name ? [] : [index]));
  const dealers = others.slice(0, tolerated(participants.length) + 1);
  const asked = { session: fromHex(session), ephemeral: new Uint8Array(32).fill(9), dealers, dealings: [] };
  return sealEnvelope(asker, tag, 'dkgRepair', encode(forms.shareRepair.requestCodec, asked)).raw;
}

function elderVerb(verb: string): Channel['to'] {
  return ({ subject, asked }) => subject.node(asked, 'elder', verb);
}

/** Asked again, a question is answered again: it only reads, and those of one node are limited. */
function request(genuine: Channel['genuine'], authors: Channel['authors'] = 'anyone') {
  return { heardBy: ['elder'], genuine, authors, asks: true } as const;
}

function last(messages: readonly Uint8Array[]): Uint8Array {
  const found = messages.at(-1);
  if (!found) throw new Error('nothing of that kind was heard');
  return found;
}

/** The decision that the section has taken last, certified. */
export function lastDecision({ recorder }: Overheard): Uint8Array {
  return last(recorder.on('.events'));
}

function isOfElder(raw: Uint8Array, tag: Uint8Array): boolean {
  return decode(sectionForms.heartbeatBody, peekEnvelope(raw, tag).body).service === ELDER;
}

/** A vote as it was heard, but on what is not decided yet. */
function nextVote(overheard: Overheard): Uint8Array {
  const { recorder, tag } = overheard;
  const known = decode(sectionForms.voteBody, peekEnvelope(last(recorder.ofKind('sectionVote', tag)), tag).body);
  const generation = peekCertified(lastDecision(overheard)).decision.generation + 1;
  return sealEnvelope(stranger(), tag, 'sectionVote', encode(sectionForms.voteBody, { ...known, generation })).raw;
}

export function sectionQuestion({ tag }: Pick<Overheard, 'tag'>): Uint8Array {
  const body = encode(sectionForms.holdingsBody, { prefix: '', generation: undefined, agreement: undefined });
  return sealEnvelope(stranger(), tag, 'sectionHoldings', body).raw;
}
