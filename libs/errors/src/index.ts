export { CODES, problemType, type WitanErrorCode } from './codes.ts';
export { asWitanError, errorCode, isWitanError, unlessBad, WitanError } from './error.ts';
