// The operators of the domain ai.onnx.ml that scikit-learn's exporter puts around a network, where they are simple maps.
import { RobustlawError } from '../errors.ts';
import type { Call, Rule } from './import-call.ts';
import { apply, apply1, attribute, optionalAttribute, unsupported } from './import-call.ts';
import { TYPE_CODES } from './ops/cast.ts';
import { required } from './shape.ts';
import { tensor } from './tensor.ts';
import type { Value } from './value.ts';
import { constant, int64s, scalar } from './value.ts';

/** (x - offset) * scale: statistics of the data, no parameters. */
const scaler: Rule = (call) => {
  const x = floats(call);
  const [offset, scale] = ['offset', 'scale'].map((name) => {
    const values = attribute(call, name, 'floats');
    return constant(tensor('float32', values.length === 1 ? [] : [values.length], values));
  });
  return [apply1('Mul', [apply1('Sub', [x, offset]), scale])];
};

/** Each row divided by its sum of absolute values, its Euclidean norm or its maximum; zero rows stay. */
const normalizer: Rule = (call) => {
  const x = floats(call);
  const kind = optionalAttribute(call, 'norm', 'string') ?? 'MAX';
  const reduce = { L1: 'ReduceL1', L2: 'ReduceL2', MAX: 'ReduceMax' }[kind];
  if (!reduce) throw new RobustlawError('malformed-file', `norm "${kind}"; expected L1, L2 or MAX`);
  const norm = apply1(reduce, [x, int64s([x.shape.length - 1])], { keepdims: 1 });
  const one = scalar('float32', 1);
  return [apply1('Div', [x, apply1('Where', [apply1('Equal', [norm, scalar('float32', 0)]), one, norm])])];
};

/** x W^T + b with the rows of W given as attributes. */
function affine(call: Call, rows: number): Value {
  const x = floats(call);
  const columns = x.shape[1] ?? 0;
  const coefficients = attribute(call, 'coefficients', 'floats');
  if (x.shape.length !== 2 || coefficients.length !== rows * columns) {
    throw new RobustlawError(
      'shape-mismatch',
      `${coefficients.length} coefficients for ${rows} outputs of the input [${x.shape}]`,
    );
  }
  const weight = call.parameter('coefficients', tensor('float32', [rows, columns], coefficients));
  const intercepts = optionalAttribute(call, 'intercepts', 'floats');
  const bias = intercepts && call.parameter('intercepts', tensor('float32', [rows], intercepts));
  return apply1('Gemm', bias ? [x, weight, bias] : [x, weight], { transB: 1 });
}

const linearRegressor: Rule = (call) => {
  if ((optionalAttribute(call, 'post_transform', 'string') ?? 'NONE') !== 'NONE')
    throw unsupported('LinearRegressor with a post_transform');
  return [affine(call, optionalAttribute(call, 'targets', 'int') ?? 1)];
};

/** The scores, which are the second output; the label is no function to differentiate and has no value here. */
const linearClassifier: Rule = (call) => {
  const labels =
    optionalAttribute(call, 'classlabels_ints', 'ints') ??
    optionalAttribute(call, 'classlabels_strings', 'strings') ??
    [];
  const scores = affine(call, labels.length);
  const transform = optionalAttribute(call, 'post_transform', 'string') ?? 'NONE';
  if (transform === 'NONE') return [undefined, scores];
  if (transform === 'SOFTMAX') return [undefined, ...apply('Softmax', [scores], { axis: -1 })];
  if (transform === 'LOGISTIC') return [undefined, ...apply('Sigmoid', [scores])];
  throw unsupported(`LinearClassifier with post_transform ${transform}`);
};

/** A list of maps from label to score is the array of scores. */
const zipMap: Rule = (call) => [required(call.inputs, 0)];

const arrayFeatureExtractor: Rule = (call) => {
  const x = required(call.inputs, 0);
  const index = required(call.inputs, 1);
  const flat = apply1('Reshape', [index, int64s([-1])]);
  return [apply1('Gather', [x, flat], { axis: Math.max(x.shape.length - 1, 0) })];
};

/** These operators compute in float32 whatever they are given. */
function floats(call: Call): Value {
  const x = required(call.inputs, 0);
  return x.dtype === 'float32' ? x : apply1('Cast', [x], { to: TYPE_CODES.float32 });
}

export const ML_RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['Scaler', scaler],
  ['Normalizer', normalizer],
  ['LinearRegressor', linearRegressor],
  ['LinearClassifier', linearClassifier],
  ['ZipMap', zipMap],
  ['ArrayFeatureExtractor', arrayFeatureExtractor],
]);
