// What labels are, read off their values: it decides what a right answer is.

/**
 * `signs`: one label per point, all +-1. `classes`: two or more outputs, one-hot rows. `values`: all others, of which no
 * answer is right or wrong.
 */
export type LabelKind = 'signs' | 'classes' | 'values';

/** The kind of the labels y `[n, outputs]`, n >= 1. */
export function labelKind(y: ArrayLike<number>, outputs: number): LabelKind {
  if (outputs === 1) return every(y, (label) => Math.abs(label) === 1) ? 'signs' : 'values';
  for (let i = 0; i < y.length; i += outputs) {
    let ones = 0;
    for (let k = 0; k < outputs; k++) {
      const label = y[i + k]!;
      if (label === 1) ones++;
      else if (label !== 0) return 'values';
    }
    if (ones !== 1) return 'values';
  }
  return 'classes';
}

function every(values: ArrayLike<number>, holds: (value: number) => boolean): boolean {
  for (let i = 0; i < values.length; i++) if (!holds(values[i]!)) return false;
  return true;
}
