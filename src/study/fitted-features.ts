// Random and tangent features fitted in closed form (Bombari, Kiyani and Mondelli 2023), measured like trained networks.
import { type Dataset, featureCount, pointCount } from '../data/index.ts';
import type { Graph } from '../graph/index.ts';
import {
  exportModel,
  type FeatureFamily,
  interpolate,
  modelGraph,
  randomFeatures,
  tangentFeatures,
} from '../models/index.ts';
import type { Rng } from '../random/index.ts';
import { type Constants, certificates, inOrder, least } from './constants.ts';
import { evaluateInParts } from './evaluate.ts';
import type { FeatureMember } from './families.ts';
import type { FittedFunction } from './fit.ts';
import type { FreshPoints } from './fresh-points.ts';
import { steepestGradient } from './gradients.ts';

/** Norm of a typical point on the law's scale E |x|^2 = 1: then v . x has variance 1. */
const RADIUS = 1;

/**
 * The function theta . Phi of least |theta| through the labels, in float64: where gradient descent from zero ends.
 *
 * The random weights V have N(0, 1) entries, which suits points with E |x|^2 = 1, the scale of the distributions here and
 * of `normalize: true`. Those of one seed are nested: more neurons are added to the same ones.
 *
 * The Lipschitz constant is bounded from below by the largest gradient at the data and at fresh points, and from above by
 * the composition of norms. It is infinite for tangent features, and random ones with an activation that is not Lipschitz.
 *
 * @throws construction-impossible where the features of the points are linearly dependent.
 */
export async function fitFeatures(
  member: FeatureMember,
  dataset: Dataset,
  key: Rng,
  { fresh }: { readonly fresh: () => FreshPoints },
): Promise<FittedFunction> {
  const d = featureCount(dataset);
  const family = familyOf(member, d, dataset.outputs, key.split('features'));
  // The features take points as rows, whatever the shape of the data.
  const x = Float64Array.from(dataset.x);
  const { weights } = await interpolate(family, x, dataset.y);
  const graphFor = (batch: number) => modelGraph(family, weights, batch);
  return {
    parameterCount: family.parameterCount,
    fixedParameters: family.fixedParameters,
    lipschitz: await constants(graphFor, dataset, fresh()),
    evaluate: (points) => evaluateInParts(graphFor, points, d),
    graphFor,
    model: () => exportModel(family, weights),
  };
}

function familyOf(
  { features, size, activation }: FeatureMember,
  d: number,
  outputs: number,
  key: Rng,
): FeatureFamily {
  const make = features === 'random' ? randomFeatures : tangentFeatures;
  return make(d, size, outputs, activation, key, RADIUS);
}

async function constants(
  graphFor: (batch: number) => Graph,
  dataset: Dataset,
  points: FreshPoints,
): Promise<Constants> {
  const uppers = certificates(graphFor(1), false, 'gradients of these features grow with |x|');
  const both = new Float64Array(dataset.x.length + points.x.length);
  both.set(dataset.x);
  both.set(points.x, dataset.x.length);
  const lower = await steepestGradient(graphFor, both, pointCount(dataset) + points.count);
  return inOrder(lower, least(uppers), uppers[0]!);
}
