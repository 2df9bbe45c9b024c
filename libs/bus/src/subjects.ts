import { WitanError } from '@witan/errors';

const TOKEN = /^[A-Za-z0-9_-]{1,128}$/;
const PREFIX = /^[01]{0,256}$/;

/** The subjects of one net, whole. What is put into them is checked, so no name can bring a dot or a wildcard along. */
export interface Subjects {
  /** What all subjects of a section begin with. */
  section(prefix: string): string;
  /** Signed DKG messages and votes of one session. */
  dkg(prefix: string, session: string): string;
  /** Proposals and votes of the elders. */
  decisions(prefix: string): string;
  /** What was decided, for all to see. */
  events(prefix: string): string;
  /** Nodes that ask to join. */
  join(prefix: string): string;
  heartbeats(prefix: string): string;
  /** Requests to one node. A verb may have several tokens, such as `ae.dkg`. */
  node(name: string, service: string, verb: string): string;
  /** The subject of a topic that is relative to the net, as machines broadcast: `section.root.dkg.<session>`. */
  topic(relative: string): string;
}

/** @throws WITAN_ERR_INVALID for a name that is no token, here and in each function */
export function subjects(net: string): Subjects {
  const root = `witan.${token('net', net)}`;
  const section = (prefix: string): string => `${root}.section.${prefixToken(prefix)}`;
  return {
    section,
    dkg: (prefix, session) => `${section(prefix)}.dkg.${token('session', session)}`,
    decisions: (prefix) => `${section(prefix)}.decisions`,
    events: (prefix) => `${section(prefix)}.events`,
    join: (prefix) => `${section(prefix)}.join`,
    heartbeats: (prefix) => `${section(prefix)}.heartbeats`,
    node: (name, service, verb) =>
      `${root}.node.${token('node', name)}.${token('service', service)}.${tokens('verb', verb)}`,
    topic: (relative) => `${root}.${tokens('topic', relative)}`,
  };
}

/** The empty prefix is written `root`, as everywhere outside the code. */
function prefixToken(prefix: string): string {
  if (!PREFIX.test(prefix)) throw refused('prefix', prefix);
  return prefix === '' ? 'root' : prefix;
}

function tokens(what: string, value: string): string {
  return value
    .split('.')
    .map((part) => token(what, part))
    .join('.');
}

function token(what: string, value: string): string {
  if (TOKEN.test(value)) return value;
  throw refused(what, value);
}

function refused(what: string, value: string): WitanError {
  return new WitanError('WITAN_ERR_INVALID', `${what} ${JSON.stringify(value.slice(0, 80))} cannot stand in a subject`);
}
