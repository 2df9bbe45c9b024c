import { readFileSync } from 'node:fs';
import { type BusEvent, connectNats } from '@witan/bus';
import { asWitanError } from '@witan/errors';
import type { Attempt, Outcome } from '../stolen-container.ts';

// Runs with the code and the secrets that a container has: what to try as its argument, what came of it on standard output.
const { say = [], hear = [], without, seed } = JSON.parse(process.argv[1]!) as Attempt;
const file = (name: string) => `/run/witan/${name}`;
const own = without === 'certificate' ? {} : { certFile: file('tls.pem'), keyFile: file('tls.key') };
const forbidden: string[] = [];

function tell(refused?: string): never {
  const outcome: Outcome = { forbidden, ...(refused && { refused }) };
  console.log(JSON.stringify(outcome));
  process.exit(0);
}

function onEvent(event: BusEvent): void {
  if (event.type === 'connecting') tell(asWitanError(event.error).code);
  if (event.type === 'forbidden') forbidden.push(`${event.operation} ${event.subject}`);
}

const bus = await connectNats({
  servers: 'tls://nats:4222',
  name: 'thief',
  tls: { caFile: file('ca.pem'), ...own },
  ...(without === 'user' ? {} : { nkeySeed: seed ?? readFileSync(file('nats.nk'), 'utf8').trim() }),
  onEvent,
});
for (const subject of say) bus.publish(subject, new Uint8Array(1));
for (const subject of hear) bus.subscribe(subject, () => {});
await bus.flush();
// What the server said before its answer is told in the turns of this one.
await new Promise((resolve) => setImmediate(resolve));
tell();
