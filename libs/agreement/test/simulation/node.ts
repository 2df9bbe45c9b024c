import { encode } from '@witan/wire';
import {
  type Application,
  attachRaw,
  type Decision,
  type Hash,
  type Holdings,
  holdings,
  initial,
  type Options,
  type Output,
  onProposal,
  onTimeout,
  onValue,
  onVote,
  recoverVote,
  type State,
  type Verdict,
  type VoteRecord,
  votesMissing,
} from '../../src/index.ts';
import { judge, utf8 } from '../support.ts';
import { certificateCodec, isProven } from './checker.ts';
import { open, sameHoldings, signProposal, signVote } from './wire.ts';
import type { World } from './world.ts';

interface Answer {
  readonly messages: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
  readonly decision: Decision | undefined;
}

interface JournalEntry {
  readonly vote: VoteRecord;
  readonly value: Uint8Array | undefined;
  readonly justification: readonly Uint8Array[];
}

export const endorsement = (voter: number, view: number, hash: Hash): Uint8Array =>
  utf8(`${voter} in ${view}: ${hash.slice(0, 8)}`);

/** An honest member: its machine, its journal, and the little that a caller of the library has to do. */
export class Node {
  readonly index: number;
  state: State;
  decision: Decision | undefined;
  private readonly world: World;
  private readonly options: Options;
  private readonly plan: { readonly value: Uint8Array; readonly determined: boolean; readonly from: number };
  private readonly journal: JournalEntry[] = [];
  /** Grows with every crash; what was meant for an earlier life is void. */
  private life = 1;
  private up = true;

  constructor(world: World, options: Options, plan: Node['plan']) {
    this.world = world;
    this.options = options;
    this.index = options.me;
    this.plan = plan;
    this.state = this.begin();
  }

  private begin(): State {
    const state = initial(this.options);
    const { quorumShort = 0 } = this.world.settings.faults;
    return { ...state, options: { ...this.options, quorum: this.options.quorum - quorumShort } };
  }

  private application(): Application {
    const { world, index, plan } = this;
    return {
      candidate: world.clock.now >= plan.from ? plan : undefined,
      awaited: world.settings.awaited,
      judge: (value) => this.judge(value),
      isFast: (value) => judge(value) === 'valid',
      endorse: (view, hash) => endorsement(index, view, hash),
      certify: (view, hash, precommits) => {
        const bad = [...precommits.values()].filter(({ voter, step, extra }) => {
          return step === 'precommit' && Buffer.compare(extra, endorsement(voter, view, hash)) !== 0;
        });
        if (bad.length > 0) return { bad: bad.map((each) => each.voter) };
        return {
          certificate: encode(
            certificateCodec,
            [...precommits.values()].map((each) => each.raw),
          ),
        };
      },
    };
  }

  /** Some values can be judged only later, by some members later than by others. */
  private judge(value: Uint8Array): Verdict {
    const isLate = this.world.settings.lateVerdicts && (value.at(-1)! * 7919 + this.index * 104729) % 3 === 0;
    const known = !isLate || this.world.clock.now >= 400;
    return known ? judge(value) : 'unknown';
  }

  /** Lets the rules run, and carries out what they ask for: journal, sign, send. */
  act(): void {
    while (this.up && !this.decision) {
      const { state, outputs } = this.world.advance(this.state, this.application());
      this.state = state;
      if (outputs.length === 0) return;
      for (const output of outputs) {
        if (!this.up) return;
        this.carryOut(output);
      }
    }
  }

  private carryOut(output: Output): void {
    switch (output.type) {
      case 'vote': {
        const raw = signVote(this.index, output.view, output.step, output.hash, output.extra, output.fast);
        const { vote } = open(raw) as { vote: VoteRecord };
        this.world.checker.onHonestVote(vote);
        this.journal.push({ vote, value: output.value, justification: output.justification });
        this.state = attachRaw(this.state, output.view, output.step, raw);
        if (this.world.strikes()) this.crash();
        else this.world.broadcast(this.index, raw);
        return;
      }
      case 'propose': {
        const raw = signProposal(this.index, output.view, output.validView, output.value);
        this.state = attachRaw(this.state, output.view, 'propose', raw);
        this.world.broadcast(this.index, raw);
        return;
      }
      case 'timer':
        this.later(output.afterMs, () => {
          this.state = onTimeout(this.state, output);
        });
        return;
      case 'need':
        this.ask();
        return;
      case 'decide':
        this.conclude(output);
    }
  }

  private conclude({ view, hash, value, certificate }: Decision): void {
    this.decision = { view, hash, value, certificate };
    this.world.checker.onDecision(this.index, this.decision);
  }

  /** In this life, if it lasts until then. */
  later(delay: number, run: () => void): void {
    const { life } = this;
    this.world.clock.after(delay, () => {
      if (life !== this.life || !this.up) return;
      run();
      this.act();
    });
  }

  receive(raw: Uint8Array): void {
    if (!this.up || this.decision) return;
    this.take(raw);
    this.act();
    if (this.world.strikes()) this.crash();
  }

  private take(raw: Uint8Array): void {
    const message = open(raw);
    const taken = 'vote' in message ? onVote(this.state, message.vote) : onProposal(this.state, message.proposal);
    this.state = taken.state;
    const author = 'vote' in message ? message.vote.voter : message.proposal.from;
    if (taken.evidence && author !== undefined && this.world.isHonest(author))
      this.world.checker.onHonestBlamed(author);
  }

  /** Anti-entropy: from now on again and again, somebody is asked for what is lacking. */
  keepAsking(): void {
    this.later(this.world.random.between(50, 150), () => {
      if (this.decision) return;
      this.ask();
      this.keepAsking();
    });
  }

  private ask(): void {
    const { life } = this;
    this.world.request(this.index, sameHoldings(holdings(this.state)), (answer) => {
      if (life === this.life && this.up) this.learn(answer);
    });
  }

  answer(theirs: Holdings): Answer {
    const { proposals, votes, values } = votesMissing(this.state, theirs);
    return { messages: [...proposals, ...votes], values, decision: this.decision };
  }

  private learn({ messages, values, decision }: Answer): void {
    if (this.decision) return;
    if (decision) {
      if (isProven(decision, this.state.options)) this.conclude(decision);
      return;
    }
    for (const raw of messages) this.take(raw);
    for (const value of values) this.state = onValue(this.state, value).state;
    this.act();
  }

  /** All is lost but the journal. */
  crash(): void {
    this.life++;
    this.up = false;
    this.world.clock.after(this.world.random.between(1, 300), () => this.restart());
  }

  get lives(): number {
    return this.life;
  }

  isUp(): boolean {
    return this.up;
  }

  private restart(): void {
    this.up = true;
    this.state = this.begin();
    if (!this.world.settings.faults.amnesia) {
      for (const { vote, value, justification } of this.journal) {
        this.state = recoverVote(this.state, vote, value);
        if (!this.world.settings.faults.unjustified) for (const raw of justification) this.take(raw);
      }
    }
    if (!this.decision) this.keepAsking();
    this.act();
  }
}
