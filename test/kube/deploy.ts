import { parseAllDocuments } from 'yaml';
import { apply, kubectl } from '../support/kube.ts';

/** What every object has, and what these tests look at. */
export interface Built {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const OURS = /\b(witan|nats):(?=\d)/g;

/** The image under the name that the cluster knows it by: `WITAN_TEST_KUBE_REGISTRY` is put before it. */
export function imageOf(name: string): string {
  const registry = process.env.WITAN_TEST_KUBE_REGISTRY;
  return registry ? `${registry.replace(/\/$/, '')}/${name}` : name;
}

/** What `kubectl apply -k` would send. */
export async function build<T extends Built>(kustomization: string): Promise<readonly T[]> {
  const documents = parseAllDocuments(await kubectl('kustomize', kustomization), { merge: true });
  return documents.map((document) => document.toJS() as T);
}

/** `kubectl apply -k`, with images from where the cluster has them. */
export async function deploy(kustomization: string): Promise<void> {
  if (!process.env.WITAN_TEST_KUBE_REGISTRY) {
    await kubectl('apply', '-k', kustomization);
    return;
  }
  const text = await kubectl('kustomize', kustomization);
  await apply(
    text.replaceAll(/^(\s+(?:- )?image: )(.+)$/gm, (_, key: string, name: string) => key + name.replace(OURS, imageOf)),
  );
}

/** Deletes what it has made, its namespace among it. */
export async function remove(kustomization: string): Promise<void> {
  await kubectl('delete', '-k', kustomization, '--ignore-not-found', '--wait=false');
}

/** Fields that a server below this minor version of Kubernetes 1 does not know, and production has. */
const SINCE = { minDomains: 25, unhealthyPodEvictionPolicy: 27 };

/**
 * What the server says to these objects, in this namespace, without keeping them.
 * @returns its answer, and the kinds that it does not serve, which are left out
 */
export async function tried(
  kustomization: string,
  namespace: string,
): Promise<{ readonly taken: readonly string[]; readonly unserved: readonly string[] }> {
  const [objects, served, minor] = await Promise.all([build(kustomization), servedKinds(), minorVersion()]);
  const isServed = ({ apiVersion, kind }: Built) => served.has(`${apiVersion} ${kind}`);
  const unknown = Object.entries(SINCE).flatMap(([field, since]) => (minor < since ? [field] : []));
  const items = objects.filter(isServed).map((each) => ({
    ...each,
    metadata: { ...each.metadata, ...(each.metadata.namespace === undefined ? {} : { namespace }) },
  }));
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, (key, value) =>
    unknown.includes(key) ? undefined : value,
  );
  const said = await apply(list, '--dry-run=server');
  const unserved = new Set(objects.filter((each) => !isServed(each)).map(({ kind }) => kind));
  return { taken: said.split('\n').filter((line) => line.includes('(server dry run)')), unserved: [...unserved] };
}

/** `VERSION KIND` of each. */
async function servedKinds(): Promise<ReadonlySet<string>> {
  const rows = (await kubectl('api-resources', '--no-headers')).split('\n').map((row) => row.trim().split(/\s+/));
  return new Set(rows.map((row) => `${row.at(-3)} ${row.at(-1)}`));
}

async function minorVersion(): Promise<number> {
  const { minor } = JSON.parse(await kubectl('get', '--raw', '/version')) as { minor: string };
  return Number.parseInt(minor, 10);
}
