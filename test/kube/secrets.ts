import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { apply, kubectl } from '../support/kube.ts';
import { NODES } from './network.ts';

const SCRIPT = fileURLToPath(new URL('../../deploy/nats/kube-secrets.sh', import.meta.url));

export const SEALING_KEYS = 'witan-sealing-keys';
export const SEEDS = 'witan-seeds-node';

/** The Secrets that `k8s/components` want, of an authority of their own. */
export class Secrets {
  readonly folder = mkdtempSync(join(tmpdir(), 'witan-keys-'));
  readonly caFile = join(this.folder, 'ca.crt');
  /** Of who may have things signed. */
  readonly apiKey = randomBytes(32).toString('hex');
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  seedFile(user: string): string {
    return join(this.folder, 'users', `${user}.nk`);
  }

  /** As a person does it. @param args further ones of `kube-secrets.sh` */
  async make(...args: readonly string[]): Promise<void> {
    const given = ['--out', this.folder, '--namespace', this.#namespace, '--network', 'local', '--nodes', `${NODES}`];
    const { stdout } = await promisify(execFile)(SCRIPT, [...given, ...args]);
    await apply(stdout);
  }

  /** Each node its own key. @param others in the place of some nodes' keys, when there are keys; undefined: none */
  async seal(others: Readonly<Record<string, string | undefined>> = {}): Promise<void> {
    if (Object.keys(others).length === 0) {
      await this.make('--only', 'sealing-keys');
      return;
    }
    const nodes = Array.from({ length: NODES }, (_, index) => `node-${index}`);
    const keys = nodes.flatMap((node): [string, string][] => {
      const key = node in others ? others[node] : this.sealingKey(node);
      return key === undefined ? [] : [[`${node}.key`, key]];
    });
    await this.replace(SEALING_KEYS, Object.fromEntries(keys));
  }

  /** Those who have one of these keys may have things signed, and nobody else. */
  async allow(...keys: readonly string[]): Promise<void> {
    const lines = keys.map((key, index) => `key-${index} ${createHash('sha256').update(key).digest('hex')}\n`);
    await this.replace('witan-api-keys', { 'api-keys': lines.join('') });
  }

  sealingKey(node: string): string {
    return readFileSync(join(this.folder, 'sealing', `${node}.key`), 'utf8').trim();
  }

  async replace(name: string, data: Readonly<Record<string, string>>): Promise<void> {
    const metadata = { name, namespace: this.#namespace, labels: { 'app.kubernetes.io/part-of': 'witan' } };
    const type = 'tls.crt' in data ? 'kubernetes.io/tls' : 'Opaque';
    await apply(JSON.stringify({ apiVersion: 'v1', kind: 'Secret', type, metadata, stringData: data }));
  }

  /** A field of a Secret as it is in the cluster. */
  async field(name: string, field: string): Promise<string> {
    const path = `jsonpath={.data.${field.replaceAll('.', '\\.')}}`;
    return Buffer.from(await kubectl('-n', this.#namespace, 'get', 'secret', name, '-o', path), 'base64').toString();
  }
}
