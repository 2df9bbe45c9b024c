/** What a dashboard is, before it is given Grafana's form. */

/** How the network is when a panel has something to tell. A test brings it about and asks the panel's queries. */
export type Condition = 'healthy' | 'stalled' | 'recovered';

/** Grafana's names of units. `short` is a count, `none` a number as it is. */
export type Unit = 'short' | 'none' | 's' | 'bytes' | 'Bps' | 'ops' | 'reqps' | 'percentunit' | 'dateTimeFromNow';

export interface Query {
  readonly expr: string;
  /** With `{{label}}`. */
  readonly legend: string;
  /** Show exemplars, which lead from a latency to a trace. */
  readonly exemplars?: boolean;
}

export interface PanelSpec {
  /** A curve over time; the last value, large; a strip of states for each series; the values of now in a table. */
  readonly kind: 'graph' | 'number' | 'states' | 'table';
  readonly title: string;
  /** What it shows and when to worry, for one who has not seen it before. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  readonly madeFor: Condition;
  /** Names of alerts that watch the same; each becomes a link to its runbook. */
  readonly alerts?: readonly string[];
  /** Columns of 24. */
  readonly width: number;
  readonly stacked?: boolean;
  readonly max?: number;
  /** From which value on it is of which colour; below the first, red or green, whichever is the opposite. */
  readonly colours?: readonly { readonly from: number; readonly colour: 'green' | 'yellow' | 'red' }[];
  /** Words for values. */
  readonly words?: Readonly<Record<string, string>>;
}

export interface RowSpec {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

export interface DashboardSpec {
  /** File name and, after `witan-`, the stable id in addresses. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly RowSpec[];
  /** It can be narrowed to some processes. */
  readonly byInstance?: boolean;
}

/** Ends every legend: one Prometheus may have several networks, and a dashboard shows all of them at first. */
const NETWORK = '{{cluster}} {{namespace}}';

type Shape = Omit<PanelSpec, 'kind' | 'width' | 'queries' | 'madeFor'> & {
  readonly queries: readonly Query[] | Query;
  readonly width?: number;
  readonly madeFor?: Condition;
};

const panel =
  (kind: PanelSpec['kind'], usualWidth: number) =>
  ({ queries, ...shape }: Shape): PanelSpec => ({
    kind,
    width: usualWidth,
    madeFor: 'healthy',
    ...shape,
    queries: [queries].flat().map((query: Query) => ({ ...query, legend: `${query.legend} ${NETWORK}` })),
  });

export const graph = panel('graph', 8);
export const number = panel('number', 4);
export const states = panel('states', 12);
export const table = panel('table', 12);
