import { tolerated } from '@witan/chain';
import { HEARTBEAT_MS_MAX } from '@witan/elder';
import { DEFAULT_PARAMS, type Ledger, type SectionReport } from '@witan/section';

/** In so long everybody who is there has said which generation it has. */
const ALL_HEARD_MS = 2 * HEARTBEAT_MS_MAX;
/**
 * So long after the last decision that was fetched, those who name a later one are not waited for any more, unless one of
 * them has to be honest. Whoever is followed only now and then, as one that is no member here, has been followed twice.
 */
const PATIENCE_MS = 2 * DEFAULT_PARAMS.progressMaxMs;

type Known = Pick<Ledger, 'generation' | 'elders'>;

/**
 * Whether a gateway that has started knows what the section knows. Anybody may have answered it: one that knows nothing
 * itself, says less than it knows, or keeps the rest for later. So what was answered is compared with what nodes say of
 * themselves; and since they may lie as well, a claim that is not made good counts for a while only. `nowMs` is monotonic.
 */
export class CatchingUp {
  readonly #startedMs: number;
  /** When a decision was fetched last; before that, when it all began. */
  #fetchedMs: number;
  /** Since when there is a section. */
  #knownMs = Infinity;
  /** What the last answer that brought something said, or one that had nothing to add: whether there is more. */
  #answered: 'not' | 'in part' | 'in full' = 'not';
  #isOver = false;

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
    this.#fetchedMs = nowMs;
  }

  /** Everybody has had the time to say that there is more: what is fetched from now on was decided while this gateway listened. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** @param isKnown whether there is a section now */
  take(report: SectionReport, isKnown: boolean, nowMs: number): void {
    if (isKnown) this.#knownMs = Math.min(this.#knownMs, nowMs);
    if (report.type === 'decided' && report.source === 'answer') this.#fetchedMs = nowMs;
    if (report.type !== 'answered') return;
    const { result, more } = report;
    if (result === 'new') this.#answered = more ? 'in part' : 'in full';
    // Of one who has less than the one before it, this says nothing.
    else if (result === 'nothing' && isKnown && this.#answered === 'not') this.#answered = 'in full';
  }

  /** Notices that it is over, and then it is for good; as {@link CatchingUp.isUpToDate}. */
  review(known: Known | undefined, said: ReadonlyMap<string, number>, nowMs: number): void {
    if (nowMs - this.#startedMs >= ALL_HEARD_MS && this.isUpToDate(known, said, nowMs)) this.#isOver = true;
  }

  /** @param said of each node that was heard of, the generation that it named last */
  isUpToDate(known: Known | undefined, said: ReadonlyMap<string, number>, nowMs: number): boolean {
    if (this.#isOver) return true;
    if (known === undefined) return false;
    const isLater = (generation = -1) => generation > known.generation;
    const elders = known.elders.filter(({ name }) => isLater(said.get(name))).length;
    if (elders > tolerated(known.elders.length)) return false;
    if (nowMs - Math.max(this.#fetchedMs, this.#knownMs) >= PATIENCE_MS) return true;
    const isToldOfAll = this.#answered === 'in full' || nowMs - this.#fetchedMs >= ALL_HEARD_MS;
    return isToldOfAll && ![...said.values()].some(isLater);
  }
}
