import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { encodeMessage, FrameReader, type Published } from './nats-frames.ts';

/** What becomes of a message on its way: itself, or another in its place; later; held back until the link heals; or lost. */
export type Passage = Published | Instead | Late | 'held' | 'lost';

/** Another passes, and itself is held back. */
export interface Instead {
  readonly meanwhile: Published;
}

/** Passes, but not before then; others may overtake it. */
export interface Late {
  readonly lateMs: number;
}
export type Rule = (message: Published) => Passage;

/** Which way a service is cut off: it says nothing that is heard, it hears nothing, or both. */
export type Cut = 'says' | 'hears' | 'both';

export interface Disturbance {
  /** Of the messages that it says, this share is lost; 0 to 1. */
  readonly lost: number;
  /** The others are late by this much at most, ms. */
  readonly lateMs: number;
  /** Of all that it says, or of what it says in DKG sessions alone, and where it asks for what it lacks of them. */
  readonly of?: 'all' | 'sessions';
}

const LOOPBACK = '127.0.0.1';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The line between one service and NATS, in the hands of a test: it decides what of the service's words is heard. */
export class Link {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #rule: Rule = (message) => message;
  #hears: (message: Published) => boolean = () => true;
  #held: { socket: Socket; bytes: Uint8Array }[] = [];

  private constructor(server: Server, nats: () => number | Endpoint) {
    this.#server = server;
    this.url = `nats://${LOOPBACK}:${(server.address() as AddressInfo).port}`;
    server.on('connection', (client) => {
      const to = nats();
      this.#join(client, connect(typeof to === 'number' ? { host: LOOPBACK, port: to } : to));
    });
  }

  /**
   * @param nats asked at each connection, since the server may come back elsewhere; a number is a port of this machine
   * @param port where the service connects to; of the system's choice unless given
   */
  static open(nats: () => number | Endpoint, port = 0): Promise<Link> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(port, LOOPBACK, () => resolve(new Link(server, nats)));
    });
  }

  /** Every message that the service sends goes by this rule from now on. What it hears is left alone. */
  govern(rule: Rule): void {
    this.#rule = rule;
  }

  /** Of what is said to the service, only this reaches it from now on; the rest is lost. */
  muffle(hears: (message: Published) => boolean): void {
    this.#hears = hears;
  }

  cut(way: Cut): void {
    if (way !== 'hears') this.govern(() => 'lost');
    if (way !== 'says') this.muffle(() => false);
  }

  /** @param random 0 to 1, another one each time */
  disturb({ lost, lateMs, of = 'all' }: Disturbance, random: () => number): void {
    this.govern((message) => {
      if (of === 'sessions' && !/\.section\.[^.]+\.dkg\.|\.ae\.dkg$/.test(message.subject)) return message;
      return random() < lost ? 'lost' : { lateMs: random() * lateMs };
    });
  }

  /** Everything passes again, and what was held back arrives late. */
  heal(): void {
    this.#rule = (message) => message;
    this.#hears = () => true;
    for (const { socket, bytes } of this.#held.splice(0)) if (socket.writable) socket.write(bytes);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket, server: Socket): void {
    const [said, heard] = [new FrameReader(), new FrameReader()];
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    server.on('data', (chunk) => {
      for (const frame of heard.push(chunk)) {
        if ('other' in frame) client.write(frame.other);
        else if (this.#hears(frame.message)) client.write(frame.raw);
      }
    });
    client.on('data', (chunk) => {
      for (const frame of said.push(chunk)) {
        if ('other' in frame) server.write(frame.other);
        else this.#pass(frame.message, server);
      }
    });
  }

  #pass(said: Published, socket: Socket): void {
    const passage = this.#rule(said);
    if (passage === 'lost') return;
    if (typeof passage === 'object' && 'lateMs' in passage) {
      setTimeout(() => socket.writable && socket.write(encodeMessage(said)), passage.lateMs);
      return;
    }
    const isHeld = passage === 'held' || 'meanwhile' in passage;
    if (isHeld) this.#held.push({ socket, bytes: encodeMessage(said) });
    if (passage === 'held') return;
    socket.write(encodeMessage('meanwhile' in passage ? passage.meanwhile : passage));
  }
}

/** From the first message for which `isFirst` holds, that one included, nothing is heard until the link heals. */
export function silentFrom(isFirst: (message: Published) => boolean): Rule {
  let silent = false;
  return (message) => {
    silent ||= isFirst(message);
    return silent ? 'held' : message;
  };
}
