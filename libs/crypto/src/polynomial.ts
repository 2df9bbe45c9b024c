import { add, invert, mod, mul, type Scalar, scalarFromHash, sub } from './field.ts';
import { invalid } from './refuse.ts';

/** A polynomial over the scalar field: the coefficient of x^k at position k. */
export type Polynomial = readonly Scalar[];

export interface SharePoint {
  readonly x: number;
  readonly y: Scalar;
}

/** A random polynomial that the same seed and label always make again. `degree` + 1 coefficients, none zero. */
export function polynomialFromSeed(seed: Uint8Array, label: string, degree: number): Scalar[] {
  return Array.from({ length: degree + 1 }, (_, k) => scalarFromHash(seed, `${label}/${k}`));
}

export function evaluate(polynomial: Polynomial, x: number): Scalar {
  return evaluateAt(polynomial, mod(BigInt(x)));
}

/** The coefficients of the one polynomial of degree below `points.length` through all of them. */
export function interpolate(points: readonly SharePoint[]): Scalar[] {
  const xs = distinct(points.map((point) => point.x));
  // The product of all (X - x_i); dividing it by one factor gives that point's basis polynomial up to scale.
  const master: Scalar[] = [1n];
  for (const x of xs) multiplyByRoot(master, x);
  const sum: Scalar[] = xs.map(() => 0n);
  points.forEach((point, i) => {
    const basis = divideByRoot(master, xs[i]!);
    const scale = mul(mod(point.y), invert(evaluateAt(basis, xs[i]!)));
    basis.forEach((coefficient, k) => {
      sum[k] = add(sum[k]!, mul(coefficient, scale));
    });
  });
  return sum;
}

/** The value at `x` of the polynomial through `points`; at 0 it is the secret that they share. */
export function interpolateAt(points: readonly SharePoint[], x: number): Scalar {
  const weights = lagrangeCoefficients(
    points.map((point) => point.x),
    x,
  );
  return points.reduce((sum, point, i) => add(sum, mul(weights[i]!, mod(point.y))), 0n);
}

/** The weights w with f(at) = Σ w_i·f(x_i) for every polynomial f of degree below `xs.length`. */
export function lagrangeCoefficients(xs: readonly number[], at = 0): Scalar[] {
  const field = distinct(xs);
  const target = mod(BigInt(at));
  return field.map((x, i) => {
    let numerator = 1n;
    let denominator = 1n;
    field.forEach((other, j) => {
      if (i === j) return;
      numerator = mul(numerator, sub(target, other));
      denominator = mul(denominator, sub(x, other));
    });
    return mul(numerator, invert(denominator));
  });
}

function distinct(xs: readonly number[]): Scalar[] {
  if (xs.length === 0) throw invalid('no points to interpolate');
  if (new Set(xs).size !== xs.length) throw invalid('two points at one x');
  return xs.map((x) => mod(BigInt(x)));
}

function multiplyByRoot(polynomial: Scalar[], root: Scalar): void {
  polynomial.push(0n);
  for (let k = polynomial.length - 1; k >= 0; k--) {
    polynomial[k] = sub(k === 0 ? 0n : polynomial[k - 1]!, mul(root, polynomial[k]!));
  }
}

/** Synthetic division by (X - root), exact. */
function divideByRoot(polynomial: Polynomial, root: Scalar): Scalar[] {
  const quotient: Scalar[] = new Array(polynomial.length - 1).fill(0n);
  let carry = 0n;
  for (let k = polynomial.length - 1; k >= 1; k--) {
    carry = add(polynomial[k]!, mul(carry, root));
    quotient[k - 1] = carry;
  }
  return quotient;
}

function evaluateAt(polynomial: Polynomial, x: Scalar): Scalar {
  let value = 0n;
  for (let k = polynomial.length - 1; k >= 0; k--) value = mod(value * x + polynomial[k]!);
  return value;
}
