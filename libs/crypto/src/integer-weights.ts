/** The Lagrange weights at 0 as integers over a common denominator: λ_i = numerators[i] / denominator. */
export interface IntegerWeights {
  readonly numerators: readonly bigint[];
  readonly denominator: bigint;
}

/**
 * Participants' x are small, so the weights are small fractions, long before they are reduced mod r: for 5 of 7 at
 * most 8 bits, for 21 of 31 about 40. Multiplying points by them is that much cheaper than by 255-bit scalars.
 * `xs` are distinct positive integers.
 */
export function integerWeights(xs: readonly number[]): IntegerWeights {
  const fractions = xs.map((x, i) => {
    let numerator = 1n;
    let denominator = 1n;
    xs.forEach((other, j) => {
      if (i === j) return;
      numerator *= BigInt(other);
      denominator *= BigInt(other - x);
    });
    const common = gcd(numerator, denominator) * (denominator < 0n ? -1n : 1n);
    return { numerator: numerator / common, denominator: denominator / common };
  });
  const denominator = fractions.reduce((lcm, f) => (lcm / gcd(lcm, f.denominator)) * f.denominator, 1n);
  return { numerators: fractions.map((f) => f.numerator * (denominator / f.denominator)), denominator };
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
