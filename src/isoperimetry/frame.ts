// The mean and the scale of the training half, in which both halves are looked at.
import type { Norm } from '../guarantee/index.ts';
import type { Points } from './family.ts';
import { normOf } from './norms.ts';

/** x -> (x - centre) / scale. */
export interface Frame {
  readonly centre: Float64Array;
  readonly scale: number;
}

/** The mean, and s with s^2 = sum |x - mean|^2 / (rows - 1); undefined where the rows are equal but for rounding. */
export function frameOf({ rows, features, data }: Points, norm: Norm): Frame | undefined {
  const centre = new Float64Array(features);
  const varies = new Uint8Array(features);
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < features; k++) {
      const value = data[i * features + k]!;
      centre[k]! += value / rows;
      if (value !== data[k]) varies[k] = 1;
    }
  }
  const deviation = new Float64Array(features);
  // In units of the largest deviation, whose squares neither overflow nor vanish.
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < features; k++) {
      if (varies[k]) largest = Math.max(largest, Math.abs(data[i * features + k]! - centre[k]!));
    }
  }
  if (!(largest > 0)) return undefined;
  let squares = 0;
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < features; k++)
      deviation[k] = varies[k] ? (data[i * features + k]! - centre[k]!) / largest : 0;
    squares += normOf(norm, deviation, 0, features) ** 2 / (rows - 1);
  }
  // Features that do not vary are exactly 0 on the training half.
  for (let k = 0; k < features; k++) if (!varies[k]) centre[k] = data[k]!;
  return { centre, scale: Math.sqrt(squares) * largest };
}

export function standardised({ rows, features, data }: Points, { centre, scale }: Frame): Points {
  const result = new Float64Array(rows * features);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < features; k++)
      result[i * features + k] = (data[i * features + k]! - centre[k]!) / scale;
  }
  return { rows, features, data: result };
}
