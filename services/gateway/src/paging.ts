import { WitanError } from '@witan/errors';

export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

export interface PageRequest {
  readonly limit?: number;
  readonly cursor?: string;
}

export interface PageOptions<T> {
  /** Names the list, so that a cursor of another one is refused. */
  readonly list: string;
  /** Unique and in ascending order over the items: the cursor remembers the last one, so a list that changes loses and repeats nothing else. */
  readonly key: (item: T) => string;
  readonly defaultLimit: number;
}

/** One page of `items`, which are sorted ascending by `options.key`. */
export function paginate<T>(items: readonly T[], request: PageRequest, options: PageOptions<T>): Page<T> {
  const limit = request.limit ?? options.defaultLimit;
  const after = request.cursor === undefined ? undefined : decodeCursor(options.list, request.cursor);
  const start = after === undefined ? 0 : items.findIndex((item) => options.key(item) > after);
  const page = start === -1 ? [] : items.slice(start, start + limit);
  const last = page.at(-1);
  const more = last !== undefined && start + limit < items.length;
  return { items: page, nextCursor: more ? encodeCursor(options.list, options.key(last)) : null };
}

function encodeCursor(list: string, key: string): string {
  return Buffer.from(`${list}:${key}`).toString('base64url');
}

function decodeCursor(list: string, cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!text.startsWith(`${list}:`) || encodeCursor(list, text.slice(list.length + 1)) !== cursor) {
    throw new WitanError('WITAN_ERR_INVALID', 'cursor: not one that this list gave out');
  }
  return text.slice(list.length + 1);
}
