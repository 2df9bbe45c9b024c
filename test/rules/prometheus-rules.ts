import { parse } from 'yaml';
import { FILES, read } from './repo.ts';

export interface Alert {
  /** Path of the file that it is in. */
  readonly file: string;
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Recording {
  readonly record: string;
  readonly expr: string;
}

/** A case of `promtool test rules`. */
interface RuleTest {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

const under = (folder: string): readonly string[] =>
  FILES.filter((path) => path.startsWith(`deploy/prometheus/${folder}/`) && path.endsWith('.yml'));

const rules = under('rules').flatMap((path) => {
  const { groups } = parse(read(path)) as { groups: readonly { rules: readonly (Alert | Recording)[] }[] };
  return groups.flatMap((group) => group.rules.map((rule) => ({ ...rule, file: path })));
});

export const ALERTS: readonly Alert[] = rules.filter((rule) => 'alert' in rule);
export const RECORDINGS: readonly Recording[] = rules.filter((rule) => 'record' in rule);
export const ALERT_NAMES: readonly string[] = [...new Set(ALERTS.map(({ alert }) => alert))];

/** What is asked of each alert: whether it fires in some state and is silent in another. */
export const RULE_TESTS = under('tests').flatMap((path) =>
  (parse(read(path)) as { tests: readonly RuleTest[] }).tests.flatMap((test) => test.alert_rule_test),
);
