import { antiEntropy } from './anti-entropy.ts';
import { bus } from './bus.ts';
import { decisions } from './decisions.ts';
import { dkg } from './dkg.ts';
import { gateway } from './gateway.ts';
import type { DashboardSpec } from './model.ts';
import { overview } from './overview.ts';
import { runtime } from './runtime.ts';

export { buildDashboard } from './build.ts';
export type { DashboardSpec, PanelSpec } from './model.ts';

/** Every dashboard, in the order of a first look. */
export const DASHBOARDS: readonly DashboardSpec[] = [overview, dkg, antiEntropy, decisions, gateway, bus, runtime];

/** All of its panels. */
export const panelsOf = ({ rows }: DashboardSpec) => rows.flatMap(({ panels }) => panels);
