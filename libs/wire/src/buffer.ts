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

export class ByteWriter implements Writer {
  private buffer = Buffer.allocUnsafe(256);
  private length = 0;

  uint(value: number, width: 1 | 2 | 4): void {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width)) {
      throw new WitanError('WITAN_ERR_MALFORMED', `${value} does not fit ${width} bytes`);
    }
    this.reserve(width);
    this.length = this.buffer.writeUIntBE(value, this.length, width);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  finish(): Uint8Array {
    return new Uint8Array(this.buffer.subarray(0, this.length));
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + more));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}

/** Reads copies, so that what was decoded does not change when a transport reuses its buffer. */
export class ByteReader implements Reader {
  private readonly view: Buffer;
  private offset = 0;

  constructor(bytes: Uint8Array) {
    this.view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.view.length - this.offset;
  }

  uint(width: 1 | 2 | 4): number {
    this.need(width);
    const value = this.view.readUIntBE(this.offset, width);
    this.offset += width;
    return value;
  }

  raw(length: number): Uint8Array {
    this.need(length);
    const out = new Uint8Array(this.view.subarray(this.offset, this.offset + length));
    this.offset += length;
    return out;
  }

  private need(length: number): void {
    if (length > this.remaining) {
      throw new WitanError('WITAN_ERR_MALFORMED', `ends at byte ${this.view.length}, ${length} more expected`);
    }
  }
}
