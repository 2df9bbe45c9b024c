import { connect, type Socket } from 'node:net';
import { encodeMessage } from '../breakable/nats-frames.ts';

const NO_HEADERS = new Uint8Array(0);

/** A NATS client that checks nothing before it sends: for what the bus would refuse to send, or has no word for. */
export class RawNats {
  /** What the server complained about. */
  readonly complaints: string[] = [];
  readonly closed: Promise<void>;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    // It subscribes to nothing, so that what comes is a line at a time.
    socket.on('data', (data) => {
      const said = String(data);
      if (said.includes('-ERR')) this.complaints.push(said.trim());
      if (said.includes('PING')) socket.write('PONG\r\n');
    });
    socket.write('CONNECT {"verbose":false,"pedantic":false,"name":"raw","lang":"test","version":"0"}\r\n');
  }

  static open(port: number): Promise<RawNats> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new RawNats(socket)));
      socket.once('error', reject);
    });
  }

  publish(subject: string, payload: Uint8Array, reply?: string): void {
    this.#socket.write(encodeMessage({ subject, reply, headers: NO_HEADERS, payload }));
  }

  /** Says that so many bytes follow, and sends none: unread ones could cost the server's answer. */
  announce(subject: string, size: number): void {
    this.#socket.write(`PUB ${subject} ${size}\r\n`);
  }

  close(): void {
    this.#socket.destroy();
  }
}
