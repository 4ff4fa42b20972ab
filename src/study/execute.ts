// One trial: make the data, fit the function, measure it, and set the law beside it.
import { type Dataset, drawnFrom, featureCount, pointCount } from '../data/index.ts';
import { RobustlawError } from '../errors.ts';
import { upperEnd } from '../guarantee/index.ts';
import { scalingLaw } from '../law/index.ts';
import { type ConstructionName, construct, type Memorizer } from '../memorizers/index.ts';
import { rng } from '../random/index.ts';
import { afterSeconds, whenDone } from '../stop.ts';
import { makeChoice } from './data-choice.ts';
import type { Member } from './families.ts';
import { fitMember, matrices, parameterSize } from './fit.ts';
import { type FreshPoints, freshPoints } from './fresh-points.ts';
import { gradientSample } from './gradients.ts';
import { contentHash } from './json.ts';
import { errors, isExactMemorizer, memorizationOf, memorized, toleranceOf } from './memorized.ts';
import type { TrialParameters } from './plan.ts';
import type { TrialResult } from './result.ts';
import { planeSlice } from './slice.ts';
import { certifiedLaw } from './trial-law.ts';

/** The result of a trial, and its function as an .onnx file where the study asks for it. */
export interface Executed {
  readonly result: TrialResult;
  readonly model?: Uint8Array;
}

/** Fresh points at which gradients are sampled, as many as Bubeck, Li and Nagaraj (2021) take. */
const FRESH_POINTS = 1000;

/**
 * Runs one trial; the same parameters give the same bits on the same kind of machine.
 *
 * @param interrupted asked between the steps of a training, the only part of a trial that may take long.
 * @throws RobustlawError of the data, the construction or the training; `interrupted`.
 */
export async function execute(
  parameters: TrialParameters,
  interrupted: () => boolean = () => false,
): Promise<Executed> {
  const { trial, member, measures } = parameters;
  const key = rng(parameters.studySeed);
  const late = parameters.seconds === undefined ? whenDone : afterSeconds(parameters.seconds);
  const { dataset, smoothest, construction } = await dataOf(parameters);
  const [n, d] = [pointCount(dataset), featureCount(dataset)];
  let sampled: FreshPoints | undefined;
  const fresh = () => {
    const freshKey = key.split('fresh').split(trial.data).split(trial.seed);
    sampled ??= freshPoints(parameters.data, dataKey(parameters), freshKey, FRESH_POINTS);
    return sampled;
  };
  const fitted = await fitMember(
    member,
    dataset,
    key.split('fit').split(trial.data).split(trial.family).split(trial.seed),
    {
      search: parameters.search ?? 'ascent',
      trajectory: measures.includes('trajectory'),
      fresh,
      interrupted,
      late,
    },
    'memorizer' in member && member.memorizer === construction ? smoothest : undefined,
  );
  const predictions = await fitted.evaluate(Float64Array.from(dataset.x));
  const { largest, meanSquared } = errors(predictions, dataset);
  // The law's constants belong to the distribution as it is, not to points that were rescaled by their own statistics.
  const distribution = parameters.data.normalize
    ? undefined
    : drawnFrom(parameters.data.specification, dataKey(parameters));
  const size = parameterSize(fitted.graphFor(1));
  const law = certifiedLaw(dataset, distribution, {
    member,
    parameterNorm: fitted.classNorm ?? size.norm,
    largestParameter: size.largest,
    centres: n,
    domain: fitted.lipschitz.upper.domain.kind,
    ...fitLevel(member, meanSquared, dataset.noiseVariance),
  });
  const slice = measures.includes('slice')
    ? await planeSlice(dataset, async (x) => firstOutput(await fitted.evaluate(x), dataset.outputs))
    : undefined;
  const gradients = measures.includes('gradients')
    ? await gradientSample(fitted.graphFor, fresh())
    : undefined;
  const lipschitz = withGradients(fitted.lipschitz, gradients);
  const memorization = memorizationOf(largest <= toleranceOf(member), dataset, predictions);
  const kept = memorized(member, memorization, largest, meanSquared, dataset, predictions);
  const result: TrialResult = {
    n,
    d,
    parameterCount: fitted.parameterCount,
    ...(fitted.fixedParameters !== undefined && { fixedParameters: fitted.fixedParameters }),
    interpolationError: largest,
    meanSquaredError: meanSquared,
    ...(dataset.noiseVariance !== undefined && { noiseVariance: dataset.noiseVariance }),
    ...intrinsicDimension(parameters),
    memorization,
    memorized: kept,
    lipschitz,
    law: {
      scaling: scalingLaw(n, d, fitted.parameterCount),
      ...law,
      mcShaneOptimum: upperEnd(smoothest.lipschitz),
    },
    ...(slice && { slice }),
    ...(fitted.training && { training: fitted.training }),
    ...(gradients && { gradients }),
    ...(fitted.trajectory && { trajectory: fitted.trajectory }),
  };
  return { result, ...(measures.includes('model') && { model: fitted.model() }) };
}

interface TrialData {
  readonly dataset: Dataset;
  /** The extension whose constant is max |y_i - y_j| / |x_i - x_j|, the least that any fit can have. */
  readonly smoothest: Memorizer;
  /** Its name. */
  readonly construction: ConstructionName;
}

/** The data of the last trial of this thread: trials on the same data follow each other. */
let latest: { readonly name: string; readonly data: Promise<TrialData> } | undefined;

function dataOf(parameters: TrialParameters): Promise<TrialData> {
  const { data, studySeed, checksum, trial } = parameters;
  const name = contentHash([data, studySeed, checksum ?? null, trial.seed], 64);
  if (latest?.name !== name) latest = { name, data: makeData(parameters) };
  return latest.data;
}

async function makeData(parameters: TrialParameters): Promise<TrialData> {
  const dataset = makeChoice(parameters.data, dataKey(parameters));
  const { points, labels } = matrices(dataset);
  const construction = dataset.outputs === 1 ? 'mcshane' : 'kirszbraun';
  return {
    dataset,
    construction,
    smoothest: await construct(construction, points, labels, undefined, rng(0)),
  };
}

function dataKey({ studySeed, data, trial }: TrialParameters) {
  return rng(studySeed).split('data').split(data.label).split(trial.seed);
}

/** The steepest sampled gradient is a witness, too, and may be better than the one that is known. */
function withGradients(
  lipschitz: TrialResult['lipschitz'],
  gradients: TrialResult['gradients'],
): TrialResult['lipschitz'] {
  const { upper, lower } = lipschitz;
  // Constants of constructions may hold on the sphere alone, where fresh points need not lie.
  if (!gradients || upper.domain.kind !== 'global') return lipschitz;
  const { largest } = gradients;
  if (!(largest.value <= upperEnd(upper))) {
    throw new RobustlawError(
      'internal',
      `the ${upper.method} gives ${upperEnd(upper)}, but ${largest.method} attains ${largest.value}`,
    );
  }
  const better = upper.kind !== 'exact' && !(largest.value <= (lower?.value ?? 0));
  return better ? { ...lipschitz, lower: largest } : lipschitz;
}

function intrinsicDimension({ data }: TrialParameters): Pick<TrialResult, 'intrinsicDimension'> {
  const { specification } = data;
  return 'intrinsicDimension' in specification
    ? { intrinsicDimension: specification.intrinsicDimension }
    : {};
}

/** The best of the levels of fit that were fixed before the data: exact, up to the tolerance, half the noise. */
function fitLevel(
  member: Member,
  meanSquaredError: number,
  noiseVariance: number | undefined,
): { readonly share: number; readonly levels: number } {
  if (isExactMemorizer(member)) return { share: 1, levels: 1 };
  if (noiseVariance === undefined) return { share: 0, levels: 1 };
  const signs = 'train' in member ? member.training.stop.signs : undefined;
  const misfit = 'memorizer' in member ? 0.01 : (signs ?? toleranceOf(member) ** 2);
  const shares = [1 - misfit, 0.5].filter((share) => meanSquaredError <= (1 - share) * noiseVariance);
  return { share: shares[0] ?? 0, levels: 2 };
}

function firstOutput(values: Float64Array, outputs: number): Float64Array {
  return values.filter((_, i) => i % outputs === 0);
}
