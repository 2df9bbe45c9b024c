import { hash } from 'node:crypto';
import type { Hash } from './types.ts';

export function hashOf(value: Uint8Array): Hash {
  return hash('sha256', value, 'hex');
}
