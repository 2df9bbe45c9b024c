import { hashOf } from './hash.ts';
import { type HeldValue, isOpen, type State } from './state.ts';
import { type Rule, type Transition, VOTING, WATCHING } from './transitions.ts';
import type { Application, Hash, Output } from './types.ts';

/**
 * Applies the rules until none applies. Call it after anything changed, here or in the application; the outputs are
 * carried out in order. Own votes in them already count, but for a decision only once `attachRaw` has their bytes.
 */
export function advance(state: State, app: Application): Transition {
  return run(state.options.me < 0 ? WATCHING : VOTING, state, app);
}

export function run(rules: readonly Rule[], before: State, app: Application): Transition {
  if (before.decision) return { state: before, outputs: [] };
  let state = consult(before, app);
  const outputs: Output[] = [];
  for (let applied: Transition | undefined; !state.decision; ) {
    applied = firstApplicable(rules, state, app);
    if (!applied) break;
    state = applied.state;
    outputs.push(...applied.outputs);
  }
  return { state, outputs };
}

function firstApplicable(rules: readonly Rule[], state: State, app: Application): Transition | undefined {
  for (const rule of rules) {
    const applied = rule(state, app);
    if (applied) return applied;
  }
  return undefined;
}

/** Takes in what the application would propose and what it thinks of the values that are here. */
function consult(state: State, app: Application): State {
  let { values } = state;
  for (const [hash, held] of state.values) {
    const judged = judge(held, app);
    if (judged !== held) values = new Map(values).set(hash, judged);
  }
  const wanted = candidate(state, app);
  const next = wanted === state.candidate && values === state.values ? state : { ...state, candidate: wanted, values };
  return isOpen(state.options, state.view) ? dropInvalid(next) : next;
}

function judge(held: HeldValue, app: Application): HeldValue {
  if (held.verdict !== 'unknown') return held;
  const verdict = app.judge(held.value);
  return verdict === 'unknown' ? held : { ...held, verdict };
}

/** An unchanged candidate is not hashed and judged again. */
function candidate({ candidate: before }: State, app: Application): State['candidate'] {
  if (!app.candidate) return undefined;
  const { value, determined } = app.candidate;
  if (before && (before.value === value || Buffer.compare(before.value, value) === 0)) {
    const { verdict } = judge(before, app);
    return before.verdict === verdict && before.determined === determined ? before : { ...before, verdict, determined };
  }
  return { ...judge({ value, verdict: 'unknown' }, app), hash: hashOf(value), determined };
}

/** Anyone may propose in an open view: what is invalid makes room. */
function dropInvalid(state: State): State {
  const isInvalid = (hash: Hash) => state.values.get(hash)?.verdict === 'invalid';
  const proposals = state.proposals.filter(({ view, hash }) => view !== state.view || !isInvalid(hash));
  if (proposals.length === state.proposals.length) return state;
  const values = [...state.values].filter(([hash]) => !isInvalid(hash));
  return { ...state, proposals, values: new Map(values) };
}
