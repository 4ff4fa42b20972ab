// The point deepest inside a polyhedron, by linear programming with HiGHS (Huangfu and Hall 2018). It advises; what it says
// is proven or refuted elsewhere.
import highs from 'highs';

/** a x <= b with |a| = 1. */
export interface UnitRow {
  readonly a: Float64Array;
  readonly b: number;
}

/** What the solver says: x with a_i x + depth <= b_i, and y >= 0 with y^T A about 0, sum y = 1, where depth < 1. */
export interface Advice {
  readonly depth: number;
  readonly point: Float64Array;
  readonly multipliers: Float64Array;
}

/** Solves linear programs of one number of variables, one after another. */
export interface Adviser {
  /** max t <= 1 subject to a_i x + t <= b_i, lower <= x <= upper; undefined when the solver fails. Estimate. */
  readonly deepest: (rows: readonly UnitRow[]) => Advice | undefined;
  readonly dispose: () => void;
}

// Node resolves the ES module, whose default export is the loader; its types describe the CommonJS one.
const load = highs as unknown as typeof highs.default;
// The WebAssembly module is the same for all; models are apart.
let runtime: ReturnType<typeof load> | undefined;

/** Cost: about 0.1 s for the first one, to load the solver. */
export async function adviser(lower: Float64Array, upper: Float64Array): Promise<Adviser> {
  runtime ??= load();
  const { raw, constants } = await runtime;
  const model = raw.createModel();
  const settings = {
    output_flag: false,
    presolve: 'off',
    solver: 'simplex',
    primal_feasibility_tolerance: 1e-10,
    dual_feasibility_tolerance: 1e-10,
    small_matrix_value: 1e-12,
  };
  for (const [name, value] of Object.entries(settings)) model.setOptionValue(name, value);
  const d = lower.length;
  const { optimal } = constants.modelStatus;
  const common = {
    numCols: d + 1,
    sense: constants.objectiveSense.maximize,
    offset: 0,
    colCost: Float64Array.from({ length: d + 1 }, (_, j) => (j === d ? 1 : 0)),
    colLower: Float64Array.from([...lower, Number.NEGATIVE_INFINITY]),
    colUpper: Float64Array.from([...upper, 1]),
  };
  const deepest = (rows: readonly UnitRow[]): Advice | undefined => {
    const starts: number[] = [0];
    const indices: number[] = [];
    const values: number[] = [];
    for (const { a } of rows) {
      for (let j = 0; j < d; j++) {
        if (a[j] === 0) continue;
        indices.push(j);
        values.push(a[j]!);
      }
      indices.push(d);
      values.push(1);
      starts.push(indices.length);
    }
    const numRows = rows.length;
    model.passLp({
      ...common,
      numRows,
      rowLower: new Float64Array(numRows).fill(Number.NEGATIVE_INFINITY),
      rowUpper: Float64Array.from(rows, ({ b }) => b),
      matrix: {
        format: 'csr',
        numRows,
        numCols: d + 1,
        starts: Int32Array.from(starts),
        indices: Int32Array.from(indices),
        values: Float64Array.from(values),
      },
    });
    model.run();
    const solution = model.getSolution().value;
    if (model.getModelStatus() !== optimal || !solution) return undefined;
    return {
      depth: solution.colValue[d]!,
      point: solution.colValue.slice(0, d),
      multipliers: solution.rowDual.map((y) => Math.max(0, y)),
    };
  };
  return { deepest, dispose: () => model.dispose() };
}
