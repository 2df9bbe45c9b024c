export { CODES, type WitanErrorCode } from './codes.ts';
export { asWitanError, errorCode, isWitanError, WitanError } from './error.ts';
