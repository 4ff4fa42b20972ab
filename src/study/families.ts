// Families of a study file: the explicit memorizers and the trained networks, each with its sizes.
import { z } from 'zod';

const size = z.int().min(1);
const sizesOf = <T extends z.ZodType>(entry: T) => z.array(entry).min(1).max(1000);

const fullDimension = z.literal('d').describe('the dimension of the data');

/** Constructions without a size of their own: the data decide P. */
export const UNSIZED_MEMORIZERS = [
  'mcshane',
  'kirszbraun',
  'rbf',
  'baum',
  'minimum-norm',
  'caps',
  'sqrt-seven',
] as const;

/** Schema of one entry under `families`. */
export const familySchema = z.union([
  z.discriminatedUnion('memorizer', [
    z.strictObject({
      memorizer: z.literal('projected-rbf'),
      sizes: sizesOf(z.union([size, fullDimension])).describe(
        'dimensions k of the projection, P of order n k; those above d are skipped, d stands for d itself',
      ),
    }),
    z.strictObject({
      memorizer: z.literal('grouped'),
      sizes: sizesOf(size).describe('points in one group: n / size neurons'),
    }),
    z.strictObject({
      memorizer: z.literal('tensor'),
      sizes: sizesOf(size).describe('the power p of the activation t^p'),
    }),
    z.strictObject({ memorizer: z.enum(UNSIZED_MEMORIZERS) }),
  ]),
  z.strictObject({
    train: z.literal('two-layer-relu'),
    sizes: sizesOf(size).describe('hidden neurons'),
    steps: z.int().min(1).max(10_000_000).default(3000).describe('most updates of full-batch Adam'),
    learningRate: z.number().positive().default(0.003),
    tolerance: z
      .number()
      .positive()
      .default(0.01)
      .describe('training ends when every error |f(x_i) - y_i| is at most this'),
  }),
]);

/** A family with all defaults filled in. */
export type Family = z.output<typeof familySchema>;

/** A family at one size: what one trial runs. */
export type Member = Exclude<FamilyWithoutSizes, never> & { readonly size?: number };
type FamilyWithoutSizes = Family extends infer F ? (F extends unknown ? Omit<F, 'sizes'> : never) : never;

/** Whether the construction fits every label exactly in exact arithmetic. */
export function isExactMemorizer(family: Family | Member): boolean {
  return 'memorizer' in family && family.memorizer !== 'tensor';
}

/** The sizes that make sense on n points in d dimensions, in order and once each, and why the others do not. */
export function sizesFor(
  family: Family,
  n: number,
  d: number,
): { readonly sizes: readonly (number | undefined)[]; readonly skipped: readonly string[] } {
  if (!('sizes' in family)) return { sizes: [undefined], skipped: [] };
  const wanted = family.sizes.map((entry) => (entry === 'd' ? d : entry));
  const sizes = [...new Set(wanted)].filter((entry) => problemOf(family, entry, n, d) === undefined);
  const skipped = [...new Set(wanted)].flatMap((entry) => {
    const problem = problemOf(family, entry, n, d);
    return problem === undefined ? [] : [`size ${entry}: ${problem}`];
  });
  return { sizes, skipped };
}

function problemOf(family: Family, entry: number, n: number, d: number): string | undefined {
  if ('train' in family) {
    const parameters = entry * (d + 2) + 1;
    return parameters < n ? `P = ${parameters} parameters are fewer than the n = ${n} labels` : undefined;
  }
  if (family.memorizer === 'projected-rbf' && entry > d) return `a projection cannot exceed d = ${d}`;
  if (family.memorizer === 'grouped' && entry > n) return `a group cannot exceed n = ${n}`;
  return undefined;
}
