import { setDecodeCache, setVerificationCache } from '@witan/crypto';
import { median, quantile } from '../stats.ts';
import { CONTENDERS, type Contender, runOnce } from './run.ts';

/** Messages lost or late. */
export const RATES = [0, 0.1, 0.3, 0.5] as const;
const PARTICIPANTS = 7;

/** Medians over the seeds, of all nodes of a session together. */
export interface AntiEntropyFigures {
  readonly contender: Contender;
  readonly rate: number;
  readonly participants: number;
  readonly seeds: number;
  readonly tried: number;
  readonly failed: number;
  readonly messages: number;
  readonly packets: number;
  readonly kilobytes: number;
  readonly finishMs: number;
  readonly finishP95Ms: number;
  readonly unfinished: number;
}

export function measureAntiEntropy(seeds: number, onRate: (rate: number) => void): readonly AntiEntropyFigures[] {
  // All nodes are in this process, and what is counted is not CPU.
  setDecodeCache(20_000);
  setVerificationCache(50_000);
  const all = RATES.flatMap((rate) => {
    onRate(rate);
    return CONTENDERS.map((contender) => measure(contender, rate, seeds));
  });
  setDecodeCache(0);
  setVerificationCache(0);
  return all;
}

function measure(contender: Contender, rate: number, seeds: number): AntiEntropyFigures {
  const runs = Array.from({ length: seeds }, (_, at) =>
    runOnce({ contender, rate, seed: at + 1, participants: PARTICIPANTS }),
  );
  // One that has not finished counts as the slowest of all.
  const finish = runs.map((run) => run.finishMs ?? Number.POSITIVE_INFINITY);
  return {
    contender,
    rate,
    participants: PARTICIPANTS,
    seeds,
    tried: median(runs.map((run) => run.tried)),
    failed: median(runs.map((run) => run.failed)),
    messages: median(runs.map((run) => run.messages)),
    packets: median(runs.map((run) => run.packets)),
    kilobytes: median(runs.map((run) => run.kilobytes)),
    finishMs: median(finish),
    finishP95Ms: quantile(finish, 0.95),
    unfinished: runs.filter((run) => run.finishMs === undefined).length,
  };
}
