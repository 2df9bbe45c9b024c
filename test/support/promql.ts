import { parser } from '@prometheus-io/lezer-promql';

export interface Matcher {
  readonly label: string;
  readonly op: string;
  readonly value: string;
}

/** One `metric{label="value"}` of a query. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
  /** As it is written, without range and offset. */
  readonly text: string;
  /** Functions around it, the innermost first. */
  readonly within: readonly string[];
}

/** `on (…)` or `ignoring (…)`. */
export interface Pairing {
  readonly by: string;
  readonly labels: readonly string[];
}

export interface Query {
  readonly selectors: readonly Selector[];
  /** Labels that it groups, joins or matches by. */
  readonly groupedBy: readonly string[];
  /** By which labels each sum, maximum and the like is made; none is one over all. */
  readonly aggregations: readonly (readonly string[])[];
  /** Labels that it makes of values. */
  readonly made: readonly string[];
  /** How it pairs series of two sides, such as `on (job, instance)`. */
  readonly pairings: readonly Pairing[];
}

type Node = NonNullable<ReturnType<ReturnType<typeof parser.parse>['resolve']>['parent']>;

function* nodes(root: Node): Generator<Node> {
  yield root;
  for (let child = root.firstChild; child; child = child.nextSibling) yield* nodes(child);
}

function* ancestors(node: Node): Generator<Node> {
  for (let each = node.parent; each; each = each.parent) yield each;
}

/** @throws what is wrong with the form of the query, as Prometheus's own grammar has it */
export function parseQuery(expr: string): Query {
  const textOf = (node: Node | null): string => (node ? expr.slice(node.from, node.to) : '');
  const all = [...nodes(parser.parse(expr).topNode)];
  const error = all.find(({ type }) => type.isError);
  if (error) throw new SyntaxError(`at ${error.from}: ${expr.slice(error.from, error.from + 40)}`);

  const selectors = all
    .filter(({ name }) => name === 'VectorSelector')
    .map((node) => ({
      metric: textOf(node.getChild('Identifier')),
      matchers: [...nodes(node)]
        .filter(({ name }) => name === 'UnquotedLabelMatcher')
        .map((matcher) => ({
          label: textOf(matcher.getChild('LabelName')),
          op: textOf(matcher.getChild('MatchOp')),
          value: textOf(matcher.getChild('StringLiteral')).slice(1, -1),
        })),
      text: textOf(node),
      within: [...ancestors(node)]
        .filter(({ name }) => name === 'FunctionCall')
        .map((call) => textOf(call.getChild('FunctionIdentifier'))),
    }));
  const groupedBy = all
    .filter(({ name }) => name === 'GroupingLabels')
    .flatMap((grouping) => grouping.getChildren('LabelName').map(textOf));
  const labelsOf = (node: Node | null): string[] =>
    (node?.getChild('GroupingLabels')?.getChildren('LabelName') ?? []).map(textOf);
  const aggregations = all
    .filter(({ name }) => name === 'AggregateExpr')
    .map((node) => labelsOf(node.getChild('AggregateModifier')));
  const made = all
    .filter((node) => node.name === 'AggregateExpr' && textOf(node.firstChild) === 'count_values')
    .map((node) => textOf(node.getChild('FunctionCallBody')?.getChild('StringLiteral') ?? null).slice(1, -1));
  const pairings = all
    .filter(({ name }) => name === 'MatchingModifierClause')
    .map((clause) => ({ by: textOf(clause.firstChild), labels: labelsOf(clause) }));
  return { selectors, groupedBy, aggregations, made, pairings };
}
