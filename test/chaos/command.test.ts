import { CHAOS_DEFAULTS } from '@witan/cli';
import { expect, test } from 'vitest';
import { EXPERIMENTS } from './experiments.ts';
import { commandOf } from './index.ts';

const standard = { ...CHAOS_DEFAULTS, driver: 'local', seed: 7 } as const;

test('the command of a run names all that is not as it would be anyway, as a shell takes it', () => {
  expect(commandOf(EXPERIMENTS, standard)).toBe('npx witan chaos --driver local --seed 7');
  const [first] = EXPERIMENTS;
  const other = {
    driver: 'kube',
    ...{ seed: 7, minutes: 3, nodes: 10, hold: 6, clients: 5, rate: 3 },
    ...{ namespace: 'other', image: 'registry/witan:2', ca: "it's here.pem", report: 'r', json: true },
  } as const;
  expect(commandOf([first!], other)).toBe(
    "npx witan chaos calm --driver kube --minutes 3 --nodes 10 --hold 6 --clients 5 --rate 3 --namespace other --image registry/witan:2 --ca 'it'\\''s here.pem' --seed 7",
  );
});
