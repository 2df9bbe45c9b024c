import type { Namespace } from '../../support/kube.ts';

const SETTING = 'WITAN_ABSENT_AFTER_MS';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[];
}

/** What nodes run, and when an elder is replaced, as their pods are told. */
export async function settingsOf(namespace: Namespace): Promise<readonly string[]> {
  const set = JSON.parse(await namespace.kubectl('get', 'statefulset/node', '-o', 'json')) as {
    readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
  };
  const elder = set.spec.template.spec.containers.find(({ name }) => name === 'elder');
  if (elder === undefined) return ['statefulset/node has no container elder'];
  const value = await absentAfter(namespace, elder);
  const told = value === undefined ? `${SETTING} is not set: the elder's default` : `${SETTING}=${value}`;
  return [`nodes of the image ${elder.image}, ${told}`];
}

/** Of several places the last one counts, and `env` before all. */
async function absentAfter(namespace: Namespace, { env = [], envFrom = [] }: Container): Promise<string | undefined> {
  const own = env.find(({ name }) => name === SETTING)?.value;
  if (own !== undefined) return own;
  for (const { configMapRef } of envFrom.toReversed()) {
    if (configMapRef === undefined) continue;
    const text = await namespace.kubectl('get', `configmap/${configMapRef.name}`, '-o', 'json');
    const { data = {} } = JSON.parse(text) as { readonly data?: Readonly<Record<string, string>> };
    if (data[SETTING] !== undefined) return data[SETTING];
  }
  return undefined;
}
