// Families of a study file: the explicit memorizers and the trained networks, each with its sizes.
import { z } from 'zod';
import { RobustlawError } from '../errors.ts';
import { createFamily, modelSchema } from '../models/index.ts';
import { trainingSchema } from '../training/index.ts';
import { type Size, sizeOn, sizeSchema } from './size-expression.ts';

const sizesOf = <T extends z.ZodType>(entry: T) => z.array(entry).min(1).max(1000);

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
]);

/** A family with all defaults filled in. */
export type Family = z.output<typeof familySchema>;

type MemorizerFamily = Extract<Family, { memorizer: unknown }>;
type TrainedFamily = Extract<Family, { train: unknown }>;
/** A family at one of its sizes. */
type At<F> = F extends { sizes: unknown } ? Omit<F, 'sizes'> & { readonly size: number } : F;

/** An explicit construction at one size. */
export type MemorizerMember = MemorizerFamily extends infer F ? At<F> : never;
/** A trained network of one size. */
export type TrainedMember = At<TrainedFamily>;
/** What one trial runs. */
export type Member = MemorizerMember | TrainedMember;

/** The data that a member is to fit, as far as its size depends on them. */
export interface DataShape {
  readonly n: number;
  /** Without the axis of the points. */
  readonly inputShape: readonly number[];
  readonly outputs: number;
}

/** Whether the construction fits every label exactly in exact arithmetic. */
export function isExactMemorizer(family: Family | Member): boolean {
  return 'memorizer' in family && family.memorizer !== 'tensor';
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
  if ('train' in family) requireBatchWithin(name, family, n);
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
