// A long loop over rows in parts of nearly equal size, each part one run of a program compiled for that size.
import type { Graph } from '../graph/index.ts';
import { compile, type Program } from '../runtime/index.ts';

/**
 * Runs `each` on parts [from, to) that cover 0 .. total - 1, with at most `most` rows each; sizes differ by at most one, so
 * that `build` is called at most twice and no part is short. Parts of equal size follow each other.
 */
export async function inParts(
  total: number,
  most: number,
  build: (size: number) => Graph,
  each: (program: Program, from: number, to: number) => Promise<void>,
): Promise<void> {
  const count = Math.ceil(total / most);
  const bounds = Array.from({ length: count + 1 }, (_, i) => Math.floor((i * total) / count));
  const parts = bounds.slice(1).map((to, i) => ({ from: bounds[i]!, to }));
  for (const size of new Set(parts.map(({ from, to }) => to - from))) {
    const program = await compile(build(size));
    try {
      for (const { from, to } of parts) if (to - from === size) await each(program, from, to);
    } finally {
      await program.dispose();
    }
  }
}
