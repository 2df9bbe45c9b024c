import { spawnSync } from 'node:child_process';

/** Whether Prometheus's own tool is on the PATH; Debian has it in the package `prometheus`. */
export const hasPromtool = spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0;

/** What `promtool check metrics` has against an exposition; empty when nothing. */
export function promtoolComplaints(exposition: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: exposition,
    encoding: 'utf8',
  });
  return status === 0 ? '' : `exit ${status}\n${stdout}${stderr}`;
}
