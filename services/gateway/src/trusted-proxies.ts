import { BlockList, isIP } from 'node:net';
import type { Setting } from '@witan/config';

/**
 * Whose `X-Forwarded-For` is believed: of nobody, of the last so many proxies, or of those that have these addresses.
 * Never of all: a proxy adds the address that it sees to what the client has written, so that the first one in the header
 * is what the client likes.
 */
export type TrustedProxies = 'off' | number | readonly string[];

const MOST_HOPS = 10;
const MOST_RANGES = 100;

/** The setting for it. */
export function trustedProxies({ help }: { readonly help: string }): Setting<TrustedProxies> {
  return {
    help,
    accepts: `off, how many proxies stand before the gateway (1 to ${MOST_HOPS}), or their addresses, such as 10.0.0.0/8,fd00::1`,
    required: false,
    secret: false,
    flag: false,
    default: 'off',
    read,
  };
}

/** As Fastify takes it. It takes no number, since that says nothing of who connects: nobody may do so around the proxies. */
export function trust(proxies: TrustedProxies): false | string[] | ((address: string, hop: number) => boolean) {
  if (proxies === 'off') return false;
  return typeof proxies === 'number' ? (_, hop) => hop < proxies : [...proxies];
}

function read(input: unknown): TrustedProxies | undefined {
  if (typeof input !== 'string' && typeof input !== 'number') return undefined;
  const text = String(input).trim();
  // As it was written when this was a flag.
  if (text === 'off' || text === 'false' || text === '0') return 'off';
  if (/^\d{1,2}$/.test(text)) return Number(text) <= MOST_HOPS ? Number(text) : undefined;
  const ranges = text.split(',').map((range) => range.trim());
  return ranges.length <= MOST_RANGES && ranges.every(isRange) ? ranges : undefined;
}

/** An address, or the first bits of one; none at all would be everybody. */
function isRange(range: string): boolean {
  const [, address, bits] = /^([\da-f.:]{2,45})(?:\/(\d{1,3}))?$/i.exec(range) ?? [];
  const version = address === undefined ? 0 : isIP(address);
  if (version === 0) return false;
  if (bits === undefined) return true;
  try {
    new BlockList().addSubnet(address!, Number(bits), version === 4 ? 'ipv4' : 'ipv6');
    return Number(bits) > 0;
  } catch {
    return false;
  }
}
