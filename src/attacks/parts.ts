// Any number of rows in programs of few sizes, so that little is computed in vain and nothing is copied.

/** The sizes of programs that take `most` rows at once or fewer, in increasing order. */
export function partSizes(most: number): number[] {
  return [...new Set([16, 8, 4, 2, 1].map((part) => Math.ceil(most / part)))];
}

/** A program that holds all rows that are left is run with them if no more than this share of it is in vain. */
const IN_VAIN = 0.1;

/**
 * Calls `run` with a program's size and the rows [from, to) for it, one part after the other: as many rows as fill programs of
 * the largest size, then smaller and smaller ones, and at last the smallest program that holds the rest. That one also takes
 * the rows before, once more, as many as make it full; only where all the rows together are fewer than the smallest size
 * it is not.
 */
export async function inParts(
  sizes: readonly number[],
  rows: number,
  run: (size: number, from: number, to: number) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < rows; ) {
    const left = rows - from;
    const holding = sizes.find((size) => size >= left);
    const within = sizes.findLast((size) => size <= left);
    const fits = holding !== undefined && holding <= rows && holding - left <= IN_VAIN * holding;
    if (holding !== undefined && (fits || within === undefined)) {
      await run(holding, Math.max(0, rows - holding), rows);
      return;
    }
    const full = left - (left % within!);
    await run(within!, from, from + full);
    from += full;
  }
}
