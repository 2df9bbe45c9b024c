export { certificateFailure } from './failures.ts';
export { checkValidity, expiryOf, readTls, type TlsMaterial, type TlsPaths } from './material.ts';
export { watchTls } from './watch.ts';
