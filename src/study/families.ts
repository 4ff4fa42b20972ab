// Families of a study file: the explicit memorizers, the trained networks and the models of fixed features, each with its sizes.
import { z } from 'zod';
import { RobustlawError } from '../errors.ts';
import { ACTIVATIONS, type Activation, createFamily } from '../models/index.ts';
import { modelSchema } from '../models/schema.ts';
import { requireSecondDerivatives } from '../training/index.ts';
import { trainingSchema } from '../training/schema.ts';
import { type Size, sizeOn, sizeSchema } from './size-expression.ts';

const sizesOf = <T extends z.ZodType>(entry: T) => z.array(entry).min(1).max(1000);

const activationsWith = (fits: (activation: Activation) => boolean) =>
  z.enum((Object.keys(ACTIVATIONS) as Activation[]).filter(fits));

const neurons = sizesOf(sizeSchema);

const evenPower = z.int().min(2).max(100).multipleOf(2);

/** Schema of one entry under `families`. */
export const familySchema = z.union([
  z.discriminatedUnion('memorizer', [
    z.strictObject({
      memorizer: z.enum(['mcshane', 'kirszbraun', 'rbf', 'baum', 'minimum-norm', 'caps', 'sqrt7']),
    }),
    z.strictObject({
      memorizer: z.literal('projected-rbf'),
      sizes: sizesOf(sizeSchema).describe(
        'dimensions k of the projection, P = n(k + 1) + 1; those above d are skipped',
      ),
    }),
    z.strictObject({ memorizer: z.literal('grouped'), sizes: sizesOf(sizeSchema).describe('neurons') }),
    z.strictObject({
      memorizer: z.enum(['tensor', 'tensor-interpolant']),
      sizes: sizesOf(evenPower).describe('even powers p of the activation t^p'),
    }),
  ]),
  z.strictObject({
    train: modelSchema.describe('what is trained'),
    sizes: sizesOf(sizeSchema).describe(
      'capacities of the model: neurons of two-layer, width of mlp, channels, embedding dimension',
    ),
    training: trainingSchema.prefault({}).describe('how it is trained'),
  }),
  z.discriminatedUnion('features', [
    z.strictObject({
      features: z
        .literal('random')
        .describe('f(x) = theta phi(V x), V random and fixed; theta of least norm'),
      activation: activationsWith(() => true).describe('phi'),
      sizes: neurons.describe('neurons k, P = k for each output; those below n are skipped'),
    }),
    z.strictObject({
      features: z
        .literal('tangent')
        .describe("f(x) = sum_l phi'(v_l . x) theta_l . x, V random and fixed; theta of least norm"),
      activation: activationsWith((one) => ACTIVATIONS[one].smooth).describe('phi, twice differentiable'),
      sizes: neurons.describe('neurons k, P = k d for each output; those with k d below n are skipped'),
    }),
  ]),
]);

/** A family with all defaults filled in. */
export type Family = z.output<typeof familySchema>;

type MemorizerFamily = Extract<Family, { memorizer: unknown }>;
type TrainedFamily = Extract<Family, { train: unknown }>;
type FeatureFamily = Extract<Family, { features: unknown }>;
/** A family at one of its sizes. */
type At<F> = F extends { sizes: unknown } ? Omit<F, 'sizes'> & { readonly size: number } : F;

/** An explicit construction at one size. */
export type MemorizerMember = MemorizerFamily extends infer F ? At<F> : never;
/** A trained network of one size. */
export type TrainedMember = At<TrainedFamily>;
/** A model of fixed features at one size. */
export type FeatureMember = FeatureFamily extends infer F ? At<F> : never;
/** What one trial runs. */
export type Member = MemorizerMember | TrainedMember | FeatureMember;

/** The data that a member is to fit, as far as its size depends on them. */
export interface DataShape {
  readonly n: number;
  /** Without the axis of the points. */
  readonly inputShape: readonly number[];
  readonly outputs: number;
}

/**
 * The members that make sense on the data, each once and in order, and why the others do not.
 *
 * @param name of the family, for messages.
 * @throws RobustlawError `invalid-argument` naming the field where a training cannot be on these data.
 */
export function membersOf(
  name: string,
  family: Family,
  data: DataShape,
): { readonly members: readonly Member[]; readonly skipped: readonly string[] } {
  const { n, inputShape } = data;
  const d = inputShape.reduce((product, size) => product * size, 1);
  if (!('sizes' in family)) {
    return family.memorizer === 'minimum-norm' && n > d
      ? { members: [], skipped: [`no linear function fits n = ${n} > d = ${d} points`] }
      : { members: [family], skipped: [] };
  }
  if ('train' in family) {
    requireBatchWithin(name, family, n);
    prefixed(`families.${name}.training`, () => requireSecondDerivatives(family.train, family.training));
  }
  const { sizes, ...rest } = family;
  const skipped: string[] = [];
  const bySize = new Map<number, Member>();
  for (const written of sizes as readonly Size[]) {
    const size = sizeOn(written, n, d);
    const problem = size < 1 ? `is ${size} on these data` : problemOf(family, size, data, d);
    if (problem === undefined) bySize.set(size, { ...rest, size } as Member);
    else skipped.push(`size ${written}${written === size ? '' : ` = ${size}`}: ${problem}`);
  }
  return { members: [...bySize.values()], skipped: [...new Set(skipped)] };
}

function problemOf(family: Family, size: number, data: DataShape, d: number): string | undefined {
  const { n, inputShape, outputs } = data;
  const tooFew = (parameters: number) =>
    parameters < n ? `P = ${parameters} parameters are fewer than the n = ${n} labels` : undefined;
  if ('train' in family) {
    return tooFew(createFamily(family.train, size, inputShape, outputs).parameterCount);
  }
  if ('features' in family) {
    const features = family.features === 'tangent' ? size * d : size;
    return features < n
      ? `${features} features are fewer than the n = ${n} points, whose labels they cannot all fit`
      : undefined;
  }
  if (family.memorizer === 'projected-rbf' && size > d) return `a projection cannot exceed d = ${d}`;
  if (family.memorizer === 'grouped' && size > n) return `more neurons than the n = ${n} points`;
  return family.memorizer === 'grouped' ? tooFew(size * (d + 2)) : undefined;
}

function requireBatchWithin(name: string, { training: { batch } }: TrainedFamily, n: number): void {
  if (batch === 'full' || batch <= n) return;
  throw new RobustlawError(
    'invalid-argument',
    `families.${name}.training.batch: ${batch}; expected at most the n = ${n} points of the data, or "full"`,
  );
}

/** The check, its error with the field in front. */
function prefixed(field: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof RobustlawError)) throw error;
    throw new RobustlawError(error.code, `${field}: ${error.message}`, { cause: error });
  }
}
