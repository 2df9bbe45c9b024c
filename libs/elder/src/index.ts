export { Elder, type ElderObserver, type ElderOptions } from './elder.ts';
export type { HistoryEntry } from './history.ts';
export { encodeHistoryRequest, type HistoryPage } from './history-messages.ts';
export { type SignAnswer, signAnswerCodec, signRequestCodec } from './sign-request.ts';
export type { Transport } from './transport.ts';
