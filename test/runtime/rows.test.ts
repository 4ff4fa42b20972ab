import { expect, test } from 'vitest';
import { graph, input, mul } from '../../src/graph/index.ts';
import { compile, runRows } from '../../src/runtime/index.ts';

test.each([1, 38, 49, 64, 98, 1000, 1024])('1,000 rows in batches of %i are all there', async (batch) => {
  const d = 3;
  const x = input('x', 'float64', [batch, d]);
  const program = await compile(graph([x], { y: mul(x, 2) }));
  try {
    const rows = Float64Array.from({ length: 1000 * d }, (_, i) => i);
    // 1000 / 38 * 38 is less than 1000 in floating-point numbers.
    const { y } = await runRows(program, batch, 'float64', { x: rows }, { y: d }, Float64Array);
    expect(y).toEqual(rows.map((value) => 2 * value));
  } finally {
    await program.dispose();
  }
});
