import { readFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { table } from './table.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IDLE = new Set(['(idle)', '(root)']);

/** Self time of a `.cpuprofile`, by function and by the package that asked for it: the most first, ms. */
export function profileReport(file: string, sessions: number, top = 40): string {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profiler.Profile;
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])));
  const functions = new Map<string, number>();
  const areas = new Map<string, number>();
  let totalMs = 0;
  profile.samples?.forEach((id, at) => {
    const { callFrame } = nodes.get(id)!;
    if (IDLE.has(callFrame.functionName)) return;
    const ms = profile.timeDeltas![at]! / 1000 / sessions;
    totalMs += ms;
    const path = ancestors(id, nodes, parents);
    add(functions, functionName(path), ms);
    add(areas, areaOf(path), ms);
  });
  const rows = (of: ReadonlyMap<string, number>) =>
    [...of]
      .sort(([, a], [, b]) => b - a)
      .slice(0, top)
      .map(([name, ms]) => [`${((100 * ms) / totalMs).toFixed(1)} %`, ms, name]);
  return [
    `${file}: ${totalMs.toFixed(1)} ms a session on the main thread, waiting for the disk and for a core included`,
    table(['of it', 'ms a session', 'asked for by'], rows(areas)),
    table(['of it', 'ms a session', 'self time in'], rows(functions)),
  ].join('\n');
}

type Frame = Profiler.ProfileNode['callFrame'];

/** The frame itself and its callers, the innermost first. */
function ancestors(
  id: number,
  nodes: ReadonlyMap<number, Profiler.ProfileNode>,
  parents: ReadonlyMap<number, number>,
): readonly Frame[] {
  const path: Frame[] = [];
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) path.push(nodes.get(at)!.callFrame);
  return path;
}

/** The innermost package of ours or of others that is on the stack. */
function areaOf(path: readonly Frame[]): string {
  if (path[0]!.functionName === '(garbage collector)') return 'garbage collector';
  for (const { url } of path) {
    const found = /\/(libs\/[^/]+|test\/bench|node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(url);
    if (found) return found[1]!;
  }
  return path.some(({ url }) => url.includes('stream') || url.includes('net')) ? 'node: sockets' : 'node: other';
}

/** A native function has no place of its own, and often a name that says nothing: its caller says more. */
function functionName(path: readonly Frame[]): string {
  const [self, caller] = path;
  const name = `${self!.functionName || '(anonymous)'}${place(self!)}`;
  return self!.url === '' && caller && caller.functionName !== '(root)'
    ? `${name} ← ${caller.functionName || '(anonymous)'}${place(caller)}`
    : name;
}

function place({ url, lineNumber }: Frame): string {
  return url === '' ? '' : ` ${url.replace('file://', '').replace(ROOT, '')}:${lineNumber + 1}`;
}

function add(to: Map<string, number>, name: string, ms: number): void {
  to.set(name, (to.get(name) ?? 0) + ms);
}
