import { spawnSync } from 'node:child_process';

/** Why Prometheus's own tool cannot be asked here, and what to do about it; nothing if it can. */
export function whyNoPromtool(): string | undefined {
  const works = spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0;
  return works ? undefined : 'promtool is missing: apt-get install prometheus';
}

/** What `promtool check metrics` has against an exposition; empty when nothing. */
export function promtoolComplaints(exposition: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: exposition,
    encoding: 'utf8',
  });
  return status === 0 ? '' : `exit ${status}\n${stdout}${stderr}`;
}
