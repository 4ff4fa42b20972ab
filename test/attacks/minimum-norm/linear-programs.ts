// The shortest change within a polyhedron in l1 or linf as a linear program for HiGHS.
import highs from 'highs';

// Node resolves the ES module, whose default export is the loader; its types describe the CommonJS one.
const load = highs as unknown as typeof highs.default;
let runtime: ReturnType<typeof load> | undefined;

/** min ||d|| with rows d >= reach and low <= d <= high; Infinity where there is none. */
export async function linearPrograms(
  norm: 'l1' | 'linf',
  rows: readonly Float64Array[],
  reach: readonly number[],
  low: Float64Array,
  high: Float64Array,
): Promise<number> {
  runtime ??= load();
  const { raw, constants } = await runtime;
  const n = low.length;
  const heights = norm === 'l1' ? n : 1;
  // Columns: d, then what bounds |d_i|.
  const height = (i: number) => n + (norm === 'l1' ? i : 0);
  const sparse: { entries: [number, number][]; least: number }[] = rows.map((row, k) => ({
    entries: Array.from(row, (v, i): [number, number] => [i, v]).filter(([, v]) => v !== 0),
    least: reach[k]!,
  }));
  for (let i = 0; i < n; i++) {
    sparse.push({
      entries: [
        [i, 1],
        [height(i), 1],
      ],
      least: 0,
    });
    sparse.push({
      entries: [
        [i, -1],
        [height(i), 1],
      ],
      least: 0,
    });
  }
  const model = raw.createModel();
  try {
    model.setOptionValue('output_flag', false);
    model.setOptionValue('primal_feasibility_tolerance', 1e-10);
    model.setOptionValue('dual_feasibility_tolerance', 1e-10);
    const starts: number[] = [0];
    for (const { entries } of sparse) starts.push(starts.at(-1)! + entries.length);
    const columns = n + heights;
    const fill = (value: number) => new Float64Array(heights).fill(value);
    model.passLp({
      numCols: columns,
      numRows: sparse.length,
      sense: constants.objectiveSense.minimize,
      offset: 0,
      colCost: Float64Array.from([...new Float64Array(n), ...fill(1)]),
      colLower: Float64Array.from([...low, ...fill(0)]),
      colUpper: Float64Array.from([...high, ...fill(Number.POSITIVE_INFINITY)]),
      rowLower: Float64Array.from(sparse, ({ least }) => least),
      rowUpper: new Float64Array(sparse.length).fill(Number.POSITIVE_INFINITY),
      matrix: {
        format: 'csr',
        numRows: sparse.length,
        numCols: columns,
        starts: Int32Array.from(starts),
        indices: Int32Array.from(sparse.flatMap(({ entries }) => entries.map(([i]) => i))),
        values: Float64Array.from(sparse.flatMap(({ entries }) => entries.map(([, v]) => v))),
      },
    });
    model.run();
    if (model.getModelStatus() !== constants.modelStatus.optimal) return Number.POSITIVE_INFINITY;
    const { colValue } = model.getSolution().value!;
    return colValue.slice(n).reduce((sum, v) => sum + v, 0);
  } finally {
    model.dispose();
  }
}
