import { expect, test } from 'vitest';
import { hasten } from '../support/prometheus.ts';
import { FILES, read } from './repo.ts';

test('what is hastened has every window and every wait shortened, and nothing else changed', () => {
  const rules = `
      - alert: WitanX
        expr: rate(witan_x_total{a="5m"}[5m]) > 5 and increase(witan_y_total[1h]) > 7 * 86400
        for: 30s`;
  expect(hasten(rules, 30)).toBe(
    rules.replace('[5m]', '[10s]').replace('[1h]', '[120s]').replace('for: 30s', 'for: 1s'),
  );
  const files = FILES.filter((path) => path.startsWith('deploy/prometheus/rules/'));
  for (const text of files.map(read)) {
    const left = [...hasten(text, 1e9).matchAll(/(?:for: |\[)(\d+[a-z]*)/g)].map(([, duration]) => duration);
    expect(left.filter((duration) => duration !== '1s')).toEqual([]);
    expect(left.length).toBeGreaterThan(0);
  }
});
