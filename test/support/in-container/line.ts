import { readFileSync } from 'node:fs';
import { Link } from '../link.ts';

/** What is done to the line of a node, as a file in its container says; nothing where there is none. */
export interface LineState {
  readonly cut?: 'says' | 'hears';
  readonly disturbed?: { readonly lost: number; readonly lateMs: number };
}

// Runs beside the services of a node, which reach NATS through it: the file, the port to listen at, and NATS' hosts.
const [file, port, ...hosts] = process.argv.slice(2) as [string, string, ...string[]];
const NATS_PORT = 4222;
const LOOK_MS = 50;
let turn = 0;
let known = '';

// Another server each time, so that a dead one is left.
const link = await Link.open(() => ({ host: hosts[turn++ % hosts.length]!, port: NATS_PORT }), Number(port));

function apply({ cut, disturbed }: LineState): void {
  link.heal();
  if (cut === 'says') link.govern(() => 'lost');
  if (cut === 'hears') link.muffle(() => false);
  if (!disturbed) return;
  const { lost, lateMs } = disturbed;
  link.govern(() => (Math.random() < lost ? 'lost' : { lateMs: Math.random() * lateMs }));
}

setInterval(() => {
  try {
    const text = readFileSync(file, 'utf8');
    if (text === known) return;
    apply(JSON.parse(text) as LineState);
    known = text;
    console.log(JSON.stringify({ level: 'info', msg: `the line to NATS is now ${text}` }));
  } catch {
    // Not there yet, or not written to its end.
  }
}, LOOK_MS);
