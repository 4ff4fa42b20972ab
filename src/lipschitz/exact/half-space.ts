// Half-spaces of inputs: one neuron on one side of one breakpoint, where the blocks before it are decided.
import { addUp, multiplyUp, SMALLEST_SUBNORMAL, UNIT_ROUNDOFF } from '../../numeric/index.ts';
import type { Stage } from './cells.ts';
import { type Dyadics, dyadics, shift } from './dyadic.ts';
import type { IntegerRow } from './gordan.ts';

/** a x < b; each entry of a true to its `aError`, b to `bError`. */
export interface HalfSpace {
  readonly a: Float64Array;
  readonly aError: Float64Array;
  readonly b: number;
  readonly bError: number;
  /** The same times some power of two, without rounding; undefined where merging has rounded the coefficients. */
  readonly exact: () => IntegerRow | undefined;
}

/** Where neuron i of a stage is below (`side` 1) or above (-1) a breakpoint. */
export function halfSpace({ forms, exact }: Stage, i: number, side: 1 | -1, breakpoint: number): HalfSpace {
  const n = forms.columns;
  const from = i * n;
  const to = from + n - 1;
  const b = breakpoint - forms.centre[to]!;
  const rounding = breakpoint === 0 || forms.centre[to] === 0 ? 0 : multiplyUp(UNIT_ROUNDOFF, Math.abs(b));
  let row: IntegerRow | undefined;
  return {
    a: forms.centre.slice(from, to).map((g) => side * g),
    aError: forms.radius.slice(from, to),
    b: side * b,
    bError: rounding === 0 ? forms.radius[to]! : addUp(forms.radius[to]!, rounding),
    exact: () => {
      const exactly = row ? undefined : exact()?.forms;
      if (exactly) {
        const end = dyadics([breakpoint]);
        const exponent = breakpoint === 0 ? exactly.exponent : Math.min(exactly.exponent, end.exponent);
        const sign = BigInt(side);
        const entries = exactly.values[i]!.map((v) => sign * shift(v, exactly.exponent, exponent));
        const constant = entries.pop()!;
        row = { a: entries, b: sign * shift(end.values[0]!, end.exponent, exponent) - constant };
      }
      return row;
    },
  };
}

/** Whether x lies strictly inside. Certain where true. */
export function contains(space: HalfSpace, x: Float64Array, exactPoint: Dyadics): boolean {
  let [value, size, error] = [0, 0, 0];
  for (let c = 0; c < x.length; c++) {
    const product = space.a[c]! * x[c]!;
    value += product;
    size += Math.abs(product);
    error += space.aError[c]! * Math.abs(x[c]!);
  }
  const slack = space.b - value;
  // Twice the number of operations covers that the sizes are rounded themselves.
  const operations = 2 * x.length + 8;
  const rounding = operations * (UNIT_ROUNDOFF * (size + Math.abs(space.b) + error) + SMALLEST_SUBNORMAL);
  const doubt = 1.000001 * (error + space.bError + rounding);
  if (slack > doubt) return true;
  if (slack < -doubt) return false;
  const row = space.exact();
  if (!row) return false;
  let product = 0n;
  for (let c = 0; c < x.length; c++) product += row.a[c]! * exactPoint.values[c]!;
  const exponent = Math.min(exactPoint.exponent, 0);
  return shift(product, exactPoint.exponent, exponent) < shift(row.b, 0, exponent);
}
