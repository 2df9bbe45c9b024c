/** One message of the NATS client protocol, on its way to the server or from it: https://docs.nats.io/reference/reference-protocols/nats-protocol */
export interface Published {
  readonly subject: string;
  /** Where an answer is wanted. */
  readonly reply: string | undefined;
  /** The header block as it stands, empty without one. */
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
}

/** What one side says: a message and the bytes that it came in, or bytes that are of no interest here. */
export type Frame = { readonly message: Published; readonly raw: Uint8Array } | { readonly other: Uint8Array };

const CRLF = Buffer.from('\r\n');

/** Cuts what one side sends into frames, whatever pieces it comes in. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): Frame[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const lineEnd = this.#rest.indexOf(CRLF);
      if (lineEnd < 0) return frames;
      const line = this.#rest.subarray(0, lineEnd).toString();
      const size = sizeOf(line);
      const bodyAt = lineEnd + CRLF.length;
      const end = size === undefined ? bodyAt : bodyAt + size + CRLF.length;
      if (this.#rest.length < end) return frames;
      const whole = this.#rest.subarray(0, end);
      frames.push(
        size === undefined
          ? { other: whole }
          : { message: open(line, whole.subarray(bodyAt, bodyAt + size)), raw: whole },
      );
      this.#rest = this.#rest.subarray(end);
    }
  }
}

export function encodeMessage({ subject, reply, headers, payload }: Published): Uint8Array {
  const to = reply === undefined ? subject : `${subject} ${reply}`;
  const total = headers.length + payload.length;
  const line = headers.length === 0 ? `PUB ${to} ${total}\r\n` : `HPUB ${to} ${headers.length} ${total}\r\n`;
  return Buffer.concat([Buffer.from(line), headers, payload, CRLF]);
}

function sizeOf(line: string): number | undefined {
  return /^H?(?:PUB|MSG) /i.test(line) ? Number(line.split(' ').at(-1)) : undefined;
}

function open(line: string, body: Buffer): Published {
  const [verb = '', subject = '', ...more] = line.split(' ');
  const withHeaders = /^H/i.test(verb);
  // What comes from the server names the subscription that it is for.
  const rest = /MSG$/i.test(verb) ? more.slice(1) : more;
  const headerSize = withHeaders ? Number(rest.at(-2)) : 0;
  const reply = rest.length > (withHeaders ? 2 : 1) ? rest[0] : undefined;
  return { subject, reply, headers: body.subarray(0, headerSize), payload: body.subarray(headerSize) };
}
