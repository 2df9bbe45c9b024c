import { networkTag } from '@witan/wire';

export const NETWORK = 'sim';
export const NETWORK_TAG: Uint8Array = networkTag(NETWORK);
