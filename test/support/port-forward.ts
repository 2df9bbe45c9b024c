import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** `Forwarding from 127.0.0.1:40123 -> 4222` */
const OPENED = /^Forwarding from 127\.0\.0\.1:(\d+) -> (\d+)$/;

/**
 * Makes ports of a pod ports of this machine for as long as `use` takes. The way goes through the API server and the
 * kubelet into the pod itself, so that no network policy is asked.
 *
 * @param use is given the local port of each
 * @throws what kubectl said, when it ends instead
 */
export async function forwarded<T>(
  namespace: string,
  pod: string,
  ports: readonly number[],
  use: (local: ReadonlyMap<number, number>) => Promise<T>,
): Promise<T> {
  const args = ['-n', namespace, 'port-forward', `pod/${pod}`, ...ports.map((port) => `:${port}`)];
  const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const local = new Map<number, number>();
    let complaint = '';
    child.stderr.on('data', (text) => {
      complaint += text;
    });
    await new Promise<void>((resolve, reject) => {
      createInterface(child.stdout).on('line', (line) => {
        const [, here, there] = OPENED.exec(line) ?? [];
        if (there !== undefined) local.set(Number(there), Number(here));
        if (local.size === ports.length) resolve();
      });
      child.once('error', reject);
      child.once('close', () => reject(new Error(`port-forward to ${pod} has ended: ${complaint.trim()}`)));
    });
    return await use(local);
  } finally {
    child.kill('SIGKILL');
  }
}
