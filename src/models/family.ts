// A model family: the class of functions { f_w } that is fixed before the data are seen, with its P parameters.
import { RobustlawError, requireInteger } from '../errors.ts';
import type { FloatType, Graph, Shape, Tensor, Value } from '../graph/index.ts';
import { constant, encodeForAnyBatch, graph, input, parameter, sameShape, showType } from '../graph/index.ts';
import type { Rng } from '../random/index.ts';

/** Named weights of one instance. */
export type Weights = Readonly<Record<string, Tensor>>;

export interface ModelFamily {
  readonly name: string;
  /** Shape of one input, without the batch axis. */
  readonly inputShape: Shape;
  /** m, numbers per output. */
  readonly outputs: number;
  /** Shapes of the parameters, in the order in which the forward pass uses them. */
  readonly parameterShapes: Readonly<Record<string, Shape>>;
  /** P in closed form; equals parameterCount() of every graph of the family. */
  readonly parameterCount: number;
  /**
   * Shapes of what training updates without a gradient: running means and variances of batch normalisation. They are
   * constants of an instance and no parameters; `{}` for families without.
   */
  readonly statisticShapes: Readonly<Record<string, Shape>>;
  /** Random initial parameters, and initial statistics; a function of the key. */
  initialise(rng: Rng, dtype?: FloatType): Weights;
  /** f_w(x) as it is used: x `[batch, ...inputShape]` to `[batch, outputs]`; `weights` are parameters and statistics. */
  forward(x: Value, weights: Readonly<Record<string, Value>>): Value;
  /**
   * f_w(x) as it is trained, with the statistics of the batch, and the statistics after it. Absent where training and use
   * are the same, that is without statistics.
   */
  forwardInTraining?(
    x: Value,
    weights: Readonly<Record<string, Value>>,
  ): { readonly output: Value; readonly statistics: Readonly<Record<string, Value>> };
}

/**
 * The instance with these weights as a graph: input `x` `[batch, ...inputShape]`, output `y` `[batch, outputs]`,
 * the weights as parameters. Throws `shape-mismatch` naming a weight that is missing or has another shape.
 */
export function modelGraph(family: ModelFamily, weights: Weights, batch: number): Graph {
  requireInteger('batch', batch);
  const shapes = { ...family.parameterShapes, ...family.statisticShapes };
  const names = Object.keys(shapes);
  for (const name of names) {
    const weight = weights[name];
    const shape = shapes[name]!;
    if (!weight || !sameShape(weight.shape, shape)) {
      throw new RobustlawError(
        'shape-mismatch',
        `the weight "${name}" of ${family.name} is ${weight ? showType(weight) : 'missing'}; expected shape [${shape}]`,
      );
    }
  }
  const x = input('x', weights[names[0]!]!.dtype, [batch, ...family.inputShape]);
  const values = names.map((name): [string, Value] => [
    name,
    name in family.parameterShapes ? parameter(name, weights[name]!) : constant(weights[name]!),
  ]);
  return graph([x], { y: family.forward(x, Object.fromEntries(values)) });
}

/** The instance as the bytes of an `.onnx` file with a symbolic batch axis and the weights as initializers. */
export function exportModel(
  family: ModelFamily,
  weights: Weights,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return encodeForAnyBatch((batch) => modelGraph(family, weights, batch), {
    family: family.name,
    ...metadata,
  });
}
