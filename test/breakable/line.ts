import { readFileSync } from 'node:fs';
import { type Cut, type Disturbance, Link } from './link.ts';

/** What is done to the line of a node, as a file beside it says; nothing where there is none. */
export interface LineState {
  readonly cut?: Cut;
  readonly disturbed?: Disturbance;
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
  if (cut) link.cut(cut);
  if (disturbed) link.disturb(disturbed, Math.random);
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
