import type { Namespace } from '../../support/kube.ts';

const SETTING = 'WITAN_ABSENT_AFTER_MS';

interface Container {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[];
}

/** When an elder is replaced, as the pods of nodes are told: of several places the last one counts, and `env` before all. */
export async function absentAfter(namespace: Namespace): Promise<string> {
  const set = JSON.parse(await namespace.kubectl('get', 'statefulset/node', '-o', 'json')) as {
    readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
  };
  const elder = set.spec.template.spec.containers.find(({ name }) => name === 'elder');
  const own = elder?.env?.find(({ name }) => name === SETTING)?.value;
  if (own !== undefined) return `${SETTING}=${own}`;
  for (const { configMapRef } of (elder?.envFrom ?? []).toReversed()) {
    if (configMapRef === undefined) continue;
    const text = await namespace.kubectl('get', `configmap/${configMapRef.name}`, '-o', 'json');
    const { data = {} } = JSON.parse(text) as { readonly data?: Readonly<Record<string, string>> };
    if (data[SETTING] !== undefined) return `${SETTING}=${data[SETTING]}`;
  }
  return `${SETTING} is not set, and so as the elder's default has it`;
}
