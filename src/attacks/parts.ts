// Any number of rows in programs of few sizes, so that little is computed in vain and nothing is copied.

/** The sizes of programs that take `most` rows at once or fewer, in increasing order. */
export function partSizes(most: number): number[] {
  return [...new Set([16, 8, 4, 2, 1].map((part) => Math.ceil(most / part)))];
}

/**
 * Calls `run` with a program's size and the rows [from, to) for it, one part after the other: as many rows as fill programs of
 * the largest size that fits, then the smallest program that holds the rest. That one also takes the rows before, once more,
 * as many as make it full; only where all the rows together are fewer than the smallest size it is not.
 */
export async function inParts(
  sizes: readonly number[],
  rows: number,
  run: (size: number, from: number, to: number) => Promise<void>,
): Promise<void> {
  const largest = sizes.findLast((size) => size <= rows) ?? sizes[0]!;
  const full = rows - (rows % largest);
  if (full > 0) await run(largest, 0, full);
  if (full === rows) return;
  const last = sizes.find((size) => size >= rows - full)!;
  await run(last, Math.max(0, rows - last), rows);
}
