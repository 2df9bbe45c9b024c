/** Of a NetworkPolicy, what is read here. */
export interface Labels {
  readonly [name: string]: string;
}
export interface Selector {
  readonly matchLabels?: Labels;
}
export interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string };
}
export interface Port {
  readonly port: number | string;
  readonly protocol: string;
}
export interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly Port[];
}
export interface Policy {
  readonly podSelector: Selector;
  readonly policyTypes: readonly ('Ingress' | 'Egress')[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

type Form = { readonly [field: string]: Form } | 'any';

const SELECTOR: Form = { matchLabels: 'any' };
const PEER: Form = { podSelector: SELECTOR, namespaceSelector: SELECTOR, ipBlock: { cidr: 'any' } };
const PORT: Form = { port: 'any', protocol: 'any' };
const POLICY: Form = {
  podSelector: SELECTOR,
  policyTypes: 'any',
  ingress: { from: PEER, ports: PORT },
  egress: { to: PEER, ports: PORT },
};

/** Where a policy says what is not read here, such as `matchExpressions`, or leaves out what it has to say to be read. */
export function unreadIn(policy: Policy): readonly string[] {
  const rules = Object.entries({ ingress: policy.ingress, egress: policy.egress }).flatMap(([direction, all]) =>
    (all ?? []).map((rule, index) => ({ rule, at: `${direction}[${index}]` })),
  );
  const open = rules.flatMap(({ rule: { ports = [] }, at }) =>
    ports.length === 0
      ? [`${at} is for every port`]
      : ports.flatMap(({ port, protocol }, index) =>
          port === undefined || protocol === undefined ? [`${at}.ports[${index}] has no port or protocol`] : [],
        ),
  );
  const idle = (['Ingress', 'Egress'] as const).flatMap((type) => {
    const has = policy[type === 'Ingress' ? 'ingress' : 'egress'] !== undefined;
    return has && !policy.policyTypes.includes(type) ? [`${type} has rules and is no policyType`] : [];
  });
  return [...strangeIn(policy, POLICY, 'spec').map((at) => `${at} is not understood`), ...open, ...idle];
}

function strangeIn(value: unknown, form: Form, at: string): readonly string[] {
  if (form === 'any') return [];
  if (Array.isArray(value)) return value.flatMap((each, index) => strangeIn(each, form, `${at}[${index}]`));
  return Object.entries(value ?? {}).flatMap(([field, each]) =>
    form[field] === undefined ? [`${at}.${field}`] : strangeIn(each, form[field], `${at}.${field}`),
  );
}
