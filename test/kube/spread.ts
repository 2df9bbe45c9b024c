/** Of a topologySpreadConstraint, what the scheduler goes by when it looks for a host. */
export interface Spread {
  readonly maxSkew: number;
  readonly minDomains?: number;
  readonly nodeTaintsPolicy?: 'Honor' | 'Ignore';
}

/** What can become of pods that have to keep to a constraint, whichever of the hosts that it allows the scheduler takes. */
export interface Worst {
  /** The most that are ever on one host. */
  readonly most: number;
  /** Whether each has a host as long as all hosts are there, before and after any of them was drained. */
  readonly placed: boolean;
  /** The most that are without one while a host is being drained, or has been. */
  readonly waiting: number;
  /** Whether a drain can come to where the budget lets it take no further pod. */
  readonly hangs: boolean;
}

/** How many pods the hosts have that may be given more, the one that is cordoned, and how many are on none. */
interface State {
  readonly hosts: readonly number[];
  readonly cordoned?: number;
  readonly pending: number;
}

/**
 * Places so many pods on so many empty hosts, and then drains one host after the other and lets it come back, in any order and
 * as often as that leads to anything new, under a budget that lets `maxUnavailable` be away. Volumes can follow to any host.
 */
export function worstOf(spread: Spread, pods: number, hosts: number, maxUnavailable: number): Worst {
  const begun = settled(spread, [{ hosts: Array(hosts).fill(0), pending: pods }]);
  const known = new Map<string, State>();
  const drained: State[] = [];
  let hangs = false;
  for (let fresh = begun; fresh.length > 0; ) {
    for (const state of fresh) known.set(keyOf(state), state);
    const left = fresh.flatMap((state) => state.hosts.flatMap((_, host) => drain(spread, state, host, maxUnavailable)));
    drained.push(...left);
    hangs ||= left.some(({ cordoned }) => cordoned! > 0);
    const back = left.map(({ hosts, cordoned, pending }) => ({ hosts: [...hosts, cordoned!], pending }));
    fresh = settled(spread, back).filter((state) => !known.has(keyOf(state)));
  }
  const whole = [...known.values()];
  return {
    most: Math.max(...[...whole, ...drained].flatMap((state) => [...state.hosts, state.cordoned ?? 0])),
    placed: whole.every(({ pending }) => pending === 0),
    waiting: Math.max(...drained.map(({ pending }) => pending)),
    hangs,
  };
}

/** `kubectl drain`: cordons the host and evicts its pods one by one, as long as the budget allows it. */
function drain(spread: Spread, { hosts, pending }: State, host: number, maxUnavailable: number): readonly State[] {
  let states: readonly State[] = [{ hosts: hosts.toSpliced(host, 1), cordoned: hosts[host]!, pending }];
  const goesOn = ({ cordoned, pending }: State) => cordoned! > 0 && pending < maxUnavailable;
  while (states.some(goesOn)) {
    const evicted = states.map((state) =>
      goesOn(state) ? { ...state, cordoned: state.cordoned! - 1, pending: state.pending + 1 } : state,
    );
    states = settled(spread, evicted);
  }
  return states;
}

/** All that these can come to when every pod that waits has been given a host, or none takes it. */
function settled(spread: Spread, states: readonly State[]): readonly State[] {
  let now = distinct(states);
  for (;;) {
    const next = now.map((state) => placedOnce(spread, state));
    if (next.every(({ length }) => length === 0)) return now;
    now = distinct(next.flatMap((those, index) => (those.length > 0 ? those : [now[index]!])));
  }
}

/** What comes of giving one of those that wait a host, for each that takes it. */
function placedOnce(spread: Spread, state: State): readonly State[] {
  if (state.pending === 0) return [];
  return state.hosts.flatMap((has, host) =>
    has + 1 - leastOf(spread, state) <= spread.maxSkew
      ? [{ ...state, hosts: state.hosts.with(host, has + 1), pending: state.pending - 1 }]
      : [],
  );
}

/**
 * What the scheduler compares a host with: the emptiest one, or none at all, if they are fewer than `minDomains`. A host that
 * is cordoned has a taint, and is left out only if taints are honoured.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
 */
function leastOf({ minDomains = 1, nodeTaintsPolicy }: Spread, { hosts, cordoned }: State): number {
  const domains = cordoned === undefined || nodeTaintsPolicy === 'Honor' ? hosts : [...hosts, cordoned];
  return domains.length < minDomains ? 0 : Math.min(...domains);
}

/** One host is as good as another. */
function distinct(states: readonly State[]): readonly State[] {
  return [...new Map(states.map((state) => [keyOf(state), state])).values()];
}

function keyOf({ hosts, cordoned, pending }: State): string {
  return `${hosts.toSorted((a, b) => a - b)} ${cordoned} ${pending}`;
}
