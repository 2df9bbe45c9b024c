import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

/**
 * The connections of a server that answers HTTP, of which there are at most so many. For one more the one gives way that
 * has asked for nothing for longest; where all wait for an answer, it is the new one that ends. Else whoever opens
 * connections and says nothing would keep all others out, probes among them.
 */
export class Connections {
  /** By their other end: a request over TLS comes on another socket than the connection did. */
  readonly #open = new Map<string, Socket>();
  /** Ends of those on which no request is under way; first that which has been so for longest. */
  readonly #idle = new Set<string>();
  /** Ends of those that have never asked for anything. */
  readonly #silent = new Set<string>();
  readonly #most: number;

  constructor(server: HttpServer | HttpsServer, most: number) {
    this.#most = most;
    server.on('connection', (socket: Socket) => this.#admit(socket));
    server.on('request', ({ socket }, response) => {
      const end = endOf(socket);
      this.#idle.delete(end);
      this.#silent.delete(end);
      response.once('close', () => void (this.#open.has(end) && this.#idle.add(end)));
    });
  }

  /** Ends those that have never asked for anything: Node counts them as busy, and closing a server waits for them. */
  endSilent(): void {
    for (const end of this.#silent) this.#open.get(end)?.destroy();
  }

  #admit(socket: Socket): void {
    if (this.#open.size >= this.#most && !this.#makeRoom()) {
      socket.destroy();
      return;
    }
    const end = endOf(socket);
    this.#open.set(end, socket);
    this.#idle.add(end);
    this.#silent.add(end);
    socket.once('close', () => {
      if (this.#open.get(end) === socket) this.#forget(end);
    });
  }

  #makeRoom(): boolean {
    const [longest] = this.#idle;
    if (longest === undefined) return false;
    this.#open.get(longest)?.destroy();
    this.#forget(longest);
    return true;
  }

  #forget(end: string): void {
    this.#open.delete(end);
    this.#idle.delete(end);
    this.#silent.delete(end);
  }
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
