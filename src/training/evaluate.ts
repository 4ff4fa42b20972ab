// The model as it is used, on all points: forward passes alone.
import type { FloatType, TensorData, Value } from '../graph/index.ts';
import { graph, inPhases, input, sizeOf } from '../graph/index.ts';
import type { ModelFamily, Weights } from '../models/index.ts';
import { compile } from '../runtime/index.ts';
import type { LabelKind } from './labels.ts';
import { counted, type Evaluated, measuresOf, UNCOUNTED } from './measures.ts';

type Floats = Float32Array | Float64Array;
type Arrays = Readonly<Record<string, TensorData>>;

export interface Evaluator {
  /** The measures of the model with these weights and statistics on all points. */
  measure(weights: Arrays): Promise<Evaluated>;
  /** The same, unless `wanted` refuses the best that they may be, given the points predicted so far. */
  measureIf(wanted: (best: Evaluated) => boolean, weights: Arrays): Promise<Evaluated | undefined>;
  dispose(): Promise<void>;
}

/** Numbers of one chunk of points, and rows: larger ones are no faster. */
const MOST_NUMBERS = 2 ** 17;
const MOST_ROWS = 256;

/** Compiles the forward pass for chunks of points x `[n, ...inputShape]` with labels y `[n, outputs]`. */
export async function createEvaluator(
  family: ModelFamily,
  x: Floats,
  y: Floats,
  labels: LabelKind,
  dtype: FloatType,
): Promise<Evaluator> {
  const width = sizeOf(family.inputShape);
  const n = x.length / width;
  const rows = Math.max(1, Math.min(n, MOST_ROWS, Math.floor(MOST_NUMBERS / width)));
  const points = input('x', dtype, [rows, ...family.inputShape]);
  const shapes = { ...family.parameterShapes, ...family.statisticShapes };
  const weightInputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, input(name, dtype, shape)]),
  );
  const [output] = inPhases([family.forward(points, weightInputs)]) as [Value];
  const program = await compile(graph([points, ...Object.values(weightInputs)], { output }));
  const names = Object.keys(shapes);
  const measureIf: Evaluator['measureIf'] = async (wanted, weights) => {
    const fed = Object.fromEntries(names.map((name) => [name, weights[name]!]));
    let tally = UNCOUNTED;
    for (let from = 0; from < n; from += rows) {
      if (!wanted(measuresOf(tally, n, labels))) return undefined;
      // The last chunk begins earlier, so that it is as long as the others.
      const first = Math.min(from, n - rows);
      const found = await program.run({ x: x.subarray(first * width, (first + rows) * width), ...fed });
      const predictions = (found.output as Floats).subarray((from - first) * family.outputs);
      const targets = y.subarray(from * family.outputs, (first + rows) * family.outputs);
      tally = counted(tally, predictions, targets, family.outputs, labels);
    }
    return measuresOf(tally, n, labels);
  };
  return {
    measureIf,
    measure: async (weights) => (await measureIf(() => true, weights))!,
    dispose: () => program.dispose(),
  };
}

/** The arrays of weights. */
export function arraysOf(weights: Weights): Record<string, TensorData> {
  return Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, data]));
}
