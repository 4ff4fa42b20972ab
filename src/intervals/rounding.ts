// The operations on ends of intervals, rounded outwards, where an infinite end stands for "no bound": the results are never NaN.
import { nextDown, nextUp } from '../numeric/index.ts';

const { MAX_VALUE } = Number;

/** The largest float64 <= a + b (Knuth's error term says whether the sum was rounded up). */
export function addDown(a: number, b: number): number {
  const sum = a + b;
  if (sum - sum !== 0) return overflowDown(sum, a, b);
  const back = sum - a;
  return a - (sum - back) + (b - back) < 0 ? nextDown(sum) : sum;
}

/** The smallest float64 >= a + b. */
export function addUp(a: number, b: number): number {
  return -addDown(-a, -b);
}

/** A lower bound on a b, exact where a factor is 0 or 1; 0 times an infinite end is 0, since the number itself is finite. */
export function multiplyDown(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  if (a === 1) return b;
  if (b === 1) return a;
  if (a === -1) return -b;
  if (b === -1) return -a;
  const product = a * b;
  return product - product !== 0 ? overflowDown(product, a, b) : nextDown(product);
}

/** An upper bound on a b. */
export function multiplyUp(a: number, b: number): number {
  return -multiplyDown(-a, b);
}

/** A lower bound on a / b, b != 0; exact where b is 1. */
export function divideDown(a: number, b: number): number {
  if (a === 0) return 0;
  if (b === 1) return a;
  const quotient = a / b;
  if (Number.isNaN(quotient)) return a > 0 === b > 0 ? 0 : -Infinity;
  return quotient - quotient !== 0 ? overflowDown(quotient, a, 1) : nextDown(quotient);
}

/** An upper bound on a / b, b != 0. */
export function divideUp(a: number, b: number): number {
  return -divideDown(-a, b);
}

/** A lower bound on a number that rounds to an infinity or to NaN. */
function overflowDown(result: number, a: number, b: number): number {
  if (result !== Infinity) return -Infinity;
  return Math.abs(a) === Infinity || Math.abs(b) === Infinity ? Infinity : MAX_VALUE;
}

export function sqrtDown(x: number): number {
  const root = Math.sqrt(x);
  return isExactRoot(root, x) ? root : Math.max(0, nextDown(root));
}

export function sqrtUp(x: number): number {
  const root = Math.sqrt(x);
  return isExactRoot(root, x) ? root : nextUp(root);
}

/** Certain for roots of 24 bits, whose squares are not rounded. */
function isExactRoot(root: number, x: number): boolean {
  return (
    x === 0 || root === Infinity || (Math.fround(root) === root && root > 2 ** -100 && root * root === x)
  );
}

/** V8's exp errs by less than one unit in the last place. */
export function expDown(x: number): number {
  const y = Math.exp(x);
  if (x === 0) return 1;
  return y === Infinity && x < Infinity ? MAX_VALUE : Math.max(0, nextDown(nextDown(y)));
}

export function expUp(x: number): number {
  if (x === 0) return 1;
  return x === -Infinity ? 0 : nextUp(nextUp(Math.exp(x)));
}
