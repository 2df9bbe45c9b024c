import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the tests need of a span. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
}

/** Takes spans by OTLP over HTTP, as any collector does, and keeps them. */
export class OtlpCollector {
  readonly spans: CollectedSpan[] = [];
  /** All that came, as it came. */
  readonly requests: Buffer[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      this.requests.push(body);
      this.spans.push(...readSpans(body));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  }

  static async open(): Promise<OtlpCollector> {
    const collector = new OtlpCollector();
    await new Promise<void>((resolve) => collector.#server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** ExportTraceServiceRequest → ResourceSpans → ScopeSpans → Span (opentelemetry/proto/trace/v1/trace.proto). */
function readSpans(request: Buffer): CollectedSpan[] {
  const resources = fields(request, 1);
  const scopes = resources.flatMap((resource) => fields(resource, 2));
  return scopes
    .flatMap((scope) => fields(scope, 2))
    .map((span) => ({
      traceId: fields(span, 1)[0]!.toString('hex'),
      spanId: fields(span, 2)[0]!.toString('hex'),
      parentId: fields(span, 4)[0]?.toString('hex') ?? '',
      name: fields(span, 5)[0]!.toString(),
    }));
}

/** Length-delimited fields of this number in a protocol buffer; the others are skipped. */
function fields(message: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    switch (tag & 7) {
      case 0:
        varint();
        break;
      case 1:
        at += 8;
        break;
      case 5:
        at += 4;
        break;
      default: {
        const length = varint();
        if (tag >> 3 === wanted) found.push(message.subarray(at, at + length));
        at += length;
      }
    }
  }
  return found;
}
