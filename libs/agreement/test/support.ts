import { createHash } from 'node:crypto';
import {
  type Application,
  advance,
  attachRaw,
  type Hash,
  initial,
  type Options,
  type Output,
  onProposal,
  onTimeout,
  onVote,
  type State,
  type Step,
  type Verdict,
  type VoteRecord,
  type VoteStep,
} from '../src/index.ts';

export const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
export const hashOf = (text: string): Hash => createHash('sha256').update(text).digest('hex');
export const supermajority = (n: number): number => Math.floor((2 * n) / 3) + 1;

export function options(members: number, me: number, over: Partial<Options> = {}): Options {
  return {
    instance: new Uint8Array(32).fill(7),
    members,
    me,
    quorum: supermajority(members),
    firstLeader: 0,
    openFirstView: false,
    fastPath: false,
    timeouts: { proposeMs: 100, prevoteMs: 50, precommitMs: 30, growthMs: 10, maxMs: 120 },
    ...over,
  };
}

/** Values that start with "ok" are valid, with "huh" not known to be, anything else is not. */
export function judge(value: Uint8Array): Verdict {
  const text = Buffer.from(value).toString();
  if (text.startsWith('ok')) return 'valid';
  return text.startsWith('huh') ? 'unknown' : 'invalid';
}

export function application(over: Partial<Application> = {}): Application {
  return {
    candidate: undefined,
    judge,
    awaited: [],
    endorse: (view) => utf8(`share in ${view}`),
    certify: (view, _hash, precommits) => ({ certificate: utf8(`${view}: ${[...precommits.keys()]}`) }),
    ...over,
  };
}

export function vote(voter: number, view: number, step: VoteStep, value: string | null, fast = false): VoteRecord {
  const raw = utf8(`${voter} ${view} ${step} ${value}${fast ? ' fast' : ''}`);
  return { voter, view, step, hash: value === null ? null : hashOf(value), fast, extra: new Uint8Array(), raw };
}

/** One member, driven by hand. Every call returns what it put out, as short lines. */
export class Member {
  state: State;
  app: Application;
  /** What each own vote rests on, where it rests on votes of others. */
  readonly justified: string[][] = [];
  private readonly texts: Map<Hash, string> = new Map();

  constructor(opts: Options, app: Partial<Application> = {}) {
    this.state = initial(opts);
    this.app = application(app);
  }

  advance(): string[] {
    const lines: string[] = [];
    for (;;) {
      const { state, outputs } = advance(this.state, this.app);
      this.state = state;
      if (outputs.length === 0) return lines;
      for (const output of outputs) {
        lines.push(this.describe(output));
        if (output.type === 'vote') this.sign(output.view, output.step);
        if (output.type === 'propose') this.sign(output.view, 'propose');
      }
    }
  }

  become(app: Partial<Application>): string[] {
    this.app = { ...this.app, ...app };
    return this.advance();
  }

  propose(from: number | undefined, view: number, text: string, validView?: number): string[] {
    this.state = this.offer(from, view, text, validView).state;
    return this.advance();
  }

  offer(from: number | undefined, view: number, text: string, validView?: number) {
    this.texts.set(hashOf(text), text);
    const raw = utf8(`${from} ${view} proposes ${text}`);
    return onProposal(this.state, { from, view, validView, value: utf8(text), raw });
  }

  votes(voters: readonly number[], view: number, step: VoteStep, value: string | null, fast = false): string[] {
    if (value !== null) this.texts.set(hashOf(value), value);
    for (const voter of voters) this.state = onVote(this.state, vote(voter, view, step, value, fast)).state;
    return this.advance();
  }

  timeout(view: number, step: Step): string[] {
    this.state = onTimeout(this.state, { view, step });
    return this.advance();
  }

  private sign(view: number, step: Step): void {
    this.state = attachRaw(this.state, view, step, utf8(`own ${view} ${step}`));
  }

  private describe(output: Output): string {
    const text = (hash: Hash | null) => (hash === null ? 'nil' : (this.texts.get(hash) ?? hash));
    switch (output.type) {
      case 'vote':
        if (output.justification.length > 0) {
          this.justified.push(output.justification.map((raw) => Buffer.from(raw).toString()));
        }
        if (output.value) this.texts.set(output.hash!, Buffer.from(output.value).toString());
        return `${output.step} ${output.view} ${text(output.hash)}${output.fast ? ' fast' : ''}`;
      case 'propose':
        return `propose ${output.view} ${Buffer.from(output.value)} ${output.validView ?? '-'}`;
      case 'timer':
        return `timer ${output.view} ${output.step} ${output.afterMs}`;
      case 'decide':
        return `decide ${output.view} ${Buffer.from(output.value)}`;
      case 'need':
        return `need ${text(output.hash)}`;
    }
  }
}
