import { connect, type Socket } from 'node:net';
import { onTestFinished, vi } from 'vitest';

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** A connection on which anything can be sent, and that takes answers apart. */
export class Wire {
  readonly socket: Socket;
  readonly answers: Answer[] = [];
  #got = '';

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('data', (data) => this.#read(String(data)));
    onTestFinished(() => void this.socket.destroy());
  }

  begin(url: string, header: string): this {
    this.socket.write(`POST ${url} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${header}\r\n`);
    return this;
  }

  async answer(nth = 0): Promise<Answer> {
    await vi.waitUntil(() => this.answers.length > nth, { timeout: 20_000, interval: 5 });
    return this.answers[nth]!;
  }

  #read(text: string): void {
    this.#got += text;
    for (;;) {
      const end = this.#got.indexOf('\r\n\r\n') + 4;
      const head = this.#got.slice(0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (end < 4 || Number.isNaN(length) || this.#got.length < end + length) return;
      const status = Number(head.slice(9, 12));
      this.answers.push({ status, head, body: this.#got.slice(end, end + length) });
      this.#got = this.#got.slice(end + length);
    }
  }
}
