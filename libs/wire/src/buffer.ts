import { WitanError } from '@witan/errors';

export interface Writer {
  /** Unsigned, big-endian, 1 to 4 bytes. */
  uint(value: number, width: 1 | 2 | 4): void;
  raw(bytes: Uint8Array): void;
}

export interface Reader {
  uint(width: 1 | 2 | 4): number;
  raw(length: number): Uint8Array;
}

/** Room for most of what is written: larger things get a buffer of their own, once. */
const ROOM = 16 * 1024;
/** Writers take turns with one buffer: a new one for each message takes longer than filling it. */
let spare: Uint8Array | undefined = new Uint8Array(ROOM);

export class ByteWriter implements Writer {
  private buffer: Uint8Array;
  private length = 0;

  constructor() {
    this.buffer = spare ?? new Uint8Array(ROOM);
    spare = undefined;
  }

  uint(value: number, width: 1 | 2 | 4): void {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width)) {
      throw new WitanError('WITAN_ERR_MALFORMED', `${value} does not fit ${width} bytes`);
    }
    this.reserve(width);
    let rest = value;
    for (let at = this.length + width - 1; at >= this.length; at--) {
      this.buffer[at] = rest;
      rest = Math.floor(rest / 256);
    }
    this.length += width;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** What has been written. To be called once, at the end. */
  finish(): Uint8Array {
    const written = this.buffer.slice(0, this.length);
    // A secret may have been among it.
    this.buffer.fill(0, 0, this.length);
    if (this.buffer.length === ROOM) spare = this.buffer;
    return written;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + more));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}

/** What is no longer than this is copied: V8 keeps it on its heap, and it does not keep the whole input alive. */
const COPIED = 64;

/** Reads bytes that are shared with the input where they are many: the input belongs to what was read from it. */
export class ByteReader implements Reader {
  private readonly input: Uint8Array;
  private offset = 0;

  constructor(bytes: Uint8Array) {
    // The `slice` of a Buffer is no copy.
    this.input = bytes instanceof Buffer ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes;
  }

  get remaining(): number {
    return this.input.length - this.offset;
  }

  uint(width: 1 | 2 | 4): number {
    this.need(width);
    let value = 0;
    for (const end = this.offset + width; this.offset < end; this.offset++) {
      value = value * 256 + this.input[this.offset]!;
    }
    return value;
  }

  raw(length: number): Uint8Array {
    this.need(length);
    const from = this.offset;
    this.offset += length;
    return length <= COPIED ? this.input.slice(from, this.offset) : this.input.subarray(from, this.offset);
  }

  private need(length: number): void {
    if (length > this.remaining) {
      throw new WitanError('WITAN_ERR_MALFORMED', `ends at byte ${this.input.length}, ${length} more expected`);
    }
  }
}
