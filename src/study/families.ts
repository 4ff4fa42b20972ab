// Families of a study file: the explicit memorizers and the trained networks, each with its sizes.
import { z } from 'zod';

const size = z.int().min(1);
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
      sizes: sizesOf(z.union([size, z.literal('d').describe('the dimension of the data')])).describe(
        'dimensions k of the projection, P = n(k + 1) + 1; those above d are skipped',
      ),
    }),
    z.strictObject({ memorizer: z.literal('grouped'), sizes: sizesOf(size).describe('neurons') }),
    z.strictObject({
      memorizer: z.enum(['tensor', 'tensor-interpolant']),
      sizes: sizesOf(evenPower).describe('even powers p of the activation t^p'),
    }),
  ]),
  z.strictObject({
    train: z.literal('two-layer-relu'),
    sizes: sizesOf(size).describe('hidden neurons'),
    steps: z.int().min(1).max(10_000_000).default(3000).describe('most updates of full-batch Adam'),
    learningRate: z
      .number()
      .positive()
      .default(0.003)
      .describe('at the start; it falls to 0 along half a cosine'),
    tolerance: z
      .number()
      .positive()
      .max(1)
      .default(0.01)
      .describe('training ends when every error |f(x_i) - y_i| is at most this'),
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

/** Whether the construction fits every label exactly in exact arithmetic. */
export function isExactMemorizer(family: Family | Member): boolean {
  return 'memorizer' in family && family.memorizer !== 'tensor';
}

/** The members that make sense on n points in d dimensions, each once and in order, and why the others do not. */
export function membersOf(
  family: Family,
  n: number,
  d: number,
): { readonly members: readonly Member[]; readonly skipped: readonly string[] } {
  if (!('sizes' in family)) {
    return family.memorizer === 'minimum-norm' && n > d
      ? { members: [], skipped: [`no linear function fits n = ${n} > d = ${d} points`] }
      : { members: [family], skipped: [] };
  }
  const { sizes, ...rest } = family;
  const wanted = [...new Set(sizes.map((entry) => (entry === 'd' ? d : entry)))];
  const skipped = wanted.flatMap((one) => {
    const problem = problemOf(family, one, n, d);
    return problem === undefined ? [] : [`size ${one}: ${problem}`];
  });
  const members = wanted
    .filter((one) => problemOf(family, one, n, d) === undefined)
    .map((one) => ({ ...rest, size: one }) as Member);
  return { members, skipped };
}

function problemOf(family: Family, one: number, n: number, d: number): string | undefined {
  if ('train' in family) {
    const parameters = one * (d + 2) + 1;
    return parameters < n ? `P = ${parameters} parameters are fewer than the n = ${n} labels` : undefined;
  }
  if (family.memorizer === 'projected-rbf' && one > d) return `a projection cannot exceed d = ${d}`;
  if (family.memorizer === 'grouped' && one > n) return `more neurons than the n = ${n} points`;
  if (family.memorizer === 'grouped' && one * (d + 2) < n) {
    return `P = ${one * (d + 2)} parameters are fewer than the n = ${n} labels`;
  }
  return undefined;
}
