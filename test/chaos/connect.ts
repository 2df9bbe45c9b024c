import { type Client, createClient } from '@witan/api';

/** A client of the gateway at an address. */
export type Connect = (url: string, options?: { readonly timeoutMs: number }) => Client;

/** @param apiKey shown to gateways that want one */
export function connectWith(apiKey: string | undefined): Connect {
  const headers = apiKey === undefined ? {} : { headers: { authorization: `Bearer ${apiKey}` } };
  return (url, options) => createClient(url, { ...headers, ...options });
}
