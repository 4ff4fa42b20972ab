// Affine forms of a network without any rounding, over integers with a common power of two.
import type { Matrix } from '../../linalg/index.ts';
import type { AffineForm, Network } from '../network/network.ts';
import { type Dyadics, dyadics, shift } from './dyadic.ts';
import type { Piece } from './pieces.ts';

/** Row i is `values[i]` 2^`exponent`: one entry for each coordinate, then the constant. */
export interface ExactForm {
  readonly exponent: number;
  readonly values: readonly (readonly bigint[])[];
}

/** An affine form of the network as integers. */
export interface ExactMap {
  readonly terms: readonly (readonly [k: number, w: Dyadics, columns: number])[];
  readonly bias: Dyadics;
}

/** The affine forms of blocks 1..K and of the output; undefined where merging has rounded their coefficients. */
export function exactMaps({ blocks, output }: Network): readonly ExactMap[] | undefined {
  const forms = [...blocks.map((block) => block.preactivation), output];
  if (forms.some((form) => form.coefficientError > 0 || form.biasError > 0)) return undefined;
  return forms.map(({ terms, bias }: AffineForm) => ({
    terms: [...terms].map(([k, w]: [number, Matrix]) => [k, dyadics(w.data), w.columns] as const),
    bias: dyadics(bias),
  }));
}

/** The map applied to x_0, x_1, ...: `[rows, columns]`. Exact. */
export function exactlyApplied(map: ExactMap, inputs: readonly ExactForm[], columns: number): ExactForm {
  const rows = map.bias.values.length;
  const exponents = map.terms.map(([k, w]) => w.exponent + inputs[k]!.exponent);
  const exponent = Math.min(map.bias.exponent, ...exponents);
  const values = map.bias.values.map((b, i) => {
    const sums = new Array<bigint>(columns).fill(0n);
    map.terms.forEach(([k, w, width], t) => {
      const input = inputs[k]!.values;
      const up = BigInt(exponents[t]! - exponent);
      for (let j = 0; j < width; j++) {
        const coefficient = w.values[i * width + j]! << up;
        if (coefficient === 0n) continue;
        const x = input[j]!;
        for (let c = 0; c < columns; c++) if (x[c] !== 0n) sums[c]! += coefficient * x[c]!;
      }
    });
    sums[columns - 1]! += shift(b, map.bias.exponent, exponent);
    return sums;
  });
  return rows === 0 ? { exponent: 0, values: [] } : { exponent, values };
}

/** The piece of each row applied to it. Exact. */
export function exactlyActivated(z: ExactForm, pieces: readonly Piece[]): ExactForm {
  const exponent = Math.min(
    ...pieces.map(({ exactSlope, exactIntercept }) =>
      Math.min(z.exponent + exactSlope.exponent, exactIntercept.exponent),
    ),
  );
  const values = z.values.map((row, i) => {
    const { exactSlope, exactIntercept } = pieces[i]!;
    if (exactSlope.value === 0n && exactIntercept.value === 0n) return row.map(() => 0n);
    const activated = row.map((v) => shift(v * exactSlope.value, z.exponent + exactSlope.exponent, exponent));
    activated[row.length - 1]! += shift(exactIntercept.value, exactIntercept.exponent, exponent);
    return activated;
  });
  return { exponent, values };
}
