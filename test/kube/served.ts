import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { ChainWatch } from '../chaos/chain-watch.ts';
import { Clients } from '../chaos/clients.ts';
import { connectWith } from '../chaos/connect.ts';
import { Forwards } from '../chaos/drivers/forwards.ts';
import { Operations } from '../chaos/operations.ts';
import { percent } from '../chaos/report/summary.ts';
import { type Service, serviceOf } from '../chaos/verdict.ts';
import { eventually } from '../support/eventually.ts';
import { slowness } from '../support/figures.ts';
import { isReady } from '../support/kube.ts';
import { type Network, namesOf, patience } from './network.ts';

const LOOK_MS = 1_000;
/** What clients may expect whatever happens to two elders and one of everything else. */
const SUCCESS = 0.99;
const P99_MS = 5_000;

/**
 * Has clients ask the gateways for attestations for as long as `what` takes, each of whom tries again as people do, and
 * verifies what it gets. @throws what came of it, and what does not verify
 */
export async function served(network: Network, what: Promise<unknown>): Promise<Service> {
  let isOver = false;
  const over = what.finally(() => {
    isOver = true;
  });
  over.catch(() => {}); // Told below.
  const genesisKey = await eventually(
    'the network tells its genesis key',
    async () => (await network.genesisKey()) ?? undefined,
    patience,
  );
  const forwards = new Forwards(network.name, network.scheme);
  const operations = new Operations();
  const violations: string[] = [];
  const clients = new Clients({
    urls: () => forwards.urls,
    connect: connectWith(network.apiKey),
    chain: new ChainWatch(genesisKey),
    now: () => performance.now(),
    onOperation: (operation) => operations.add(operation),
    onViolation: (violation) => violations.push(violation),
    count: 2,
    ratePerS: 4,
  });
  try {
    while (!isOver) {
      // A look that fails is followed by the next one.
      await network.pods('gateway').then(
        (pods) => forwards.follow(namesOf(pods.filter(isReady))),
        () => {},
      );
      await Promise.race([over, pause(LOOK_MS)]).catch(() => {});
    }
  } finally {
    await clients.stop();
    forwards.close();
  }
  await over;
  expect(violations).toEqual([]);
  return serviceOf(operations);
}

/** That there were enough of them to tell, and that clients were served as they may expect. */
export function expectGoingOn({ operations, success, p99Ms, maxMs }: Service): void {
  const [p99, longest] = [p99Ms, maxMs].map((ms) => Math.round(ms!));
  console.info(
    `measured: ${operations} attestations meanwhile, ${percent(success)} signed: p99 ${p99} ms, longest ${longest} ms`,
  );
  expect(operations).toBeGreaterThan(10);
  expect(success).toBeGreaterThanOrEqual(SUCCESS);
  // Strict on a machine that does nothing else.
  expect(p99Ms).toBeLessThanOrEqual(P99_MS * slowness());
}
