// The model as it is used, on all points: forward passes alone.
import type { FloatType, TensorData } from '../graph/index.ts';
import { graph, input, sizeOf } from '../graph/index.ts';
import type { ModelFamily, Weights } from '../models/index.ts';
import { compile } from '../runtime/index.ts';
import type { LabelKind } from './labels.ts';
import { type Measures, measuresOf } from './measures.ts';

type Floats = Float32Array | Float64Array;
type Evaluated = Omit<Measures, 'loss' | 'robustAccuracy'>;

export interface Evaluator {
  /** The measures of the model with these weights and statistics on all points. */
  measure(weights: Readonly<Record<string, TensorData>>): Promise<Evaluated>;
  dispose(): Promise<void>;
}

/** Numbers of one chunk of points. */
const MOST_NUMBERS = 2 ** 19;
const MOST_ROWS = 1024;

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
  const output = family.forward(points, weightInputs);
  const program = await compile(graph([points, ...Object.values(weightInputs)], { output }));
  const names = Object.keys(shapes);
  const predictions = y.slice();
  return {
    async measure(weights) {
      const fed = Object.fromEntries(names.map((name) => [name, weights[name]!]));
      for (let from = 0; from < n; from += rows) {
        // The last chunk begins earlier, so that it is as long as the others.
        const first = Math.min(from, n - rows);
        const found = await program.run({ x: x.subarray(first * width, (first + rows) * width), ...fed });
        predictions.set(found.output as Floats, first * family.outputs);
      }
      return measuresOf(predictions, y, family.outputs, labels);
    },
    dispose: () => program.dispose(),
  };
}

/** The arrays of weights. */
export function arraysOf(weights: Weights): Record<string, TensorData> {
  return Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, data]));
}
