import { isIPv6 } from 'node:net';
import { Address6 } from 'ip-address';

/** What one client of IPv6 commonly has: it may come from any address of it. */
const BITS = 64;

/** Whom limits count as one client: an address of IPv4, or the first 64 bits of one of IPv6. */
export function clientOf(address: string): string {
  if (!isIPv6(address)) return address;
  const parsed = new Address6(address);
  if (parsed.isMapped4()) return parsed.to4().correctForm();
  return new Address6(`${address}/${BITS}`).startAddress().correctForm();
}
