// Data sets of a study file: a data-set specification whose n and d may be lists, and the single data sets it stands for.
import { z } from 'zod';
import { datasetSchema } from '../data/schema.ts';
import type { DataChoice } from './data-choice.ts';

/** A data entry with all defaults filled in; still in the form of the file, so that it can be read again. */
export type DataEntry = Readonly<Record<string, unknown>> & { readonly normalize: boolean };

const size = z.int().min(1);
const sweep = z.union([size, z.array(size).min(1).max(100)]);

/**
 * The fields of the entry itself. `n` and `d` may be lists: one data set for each entry; two lists are read in
 * pairs. `normalize` centres the points and divides them by their root-mean-square distance from the mean, so that
 * E|x - Ex|^2 = 1 as the law assumes.
 */
const ownFields = z.looseObject({
  n: sweep.optional(),
  d: sweep.optional(),
  normalize: z.boolean().default(false),
});

/** Schema of one entry under `data`; the issues of the data-set specification are passed on with their paths. */
export const dataEntrySchema = ownFields.transform((entry, context): DataEntry => {
  const { normalize, ...specification } = entry;
  const { n, d } = specification;
  if (Array.isArray(n) && Array.isArray(d) && n.length !== d.length) {
    const message = `n has ${n.length} entries and d has ${d.length}; two lists are read in pairs, so give as many of each`;
    context.issues.push({ code: 'custom', message, path: ['d'], input: entry });
    return z.NEVER;
  }
  let resolved: Record<string, unknown> = {};
  for (const [index, single] of singles(specification).entries()) {
    const result = datasetSchema.safeParse(single);
    if (!result.success) {
      for (const issue of result.error.issues) {
        const [key] = issue.path;
        const listed = (key === 'n' || key === 'd') && Array.isArray(specification[key]);
        const path = listed ? [key, index, ...issue.path.slice(1)] : issue.path;
        context.issues.push({ ...issue, path, input: entry } as never);
      }
      return z.NEVER;
    }
    resolved = result.data;
  }
  return { ...resolved, ...(n !== undefined && { n }), ...(d !== undefined && { d }), normalize };
});

/** JSON Schema of one entry: that of a data-set specification, with lists for n and d, and with `normalize`. */
export function dataEntryJsonSchema(): unknown {
  const { $schema: _, ...schema } = z.toJSONSchema(datasetSchema, { io: 'input' });
  const own = z.toJSONSchema(ownFields, { io: 'input' }).properties!;
  return withOwnFields(schema, own);
}

/** The schema with the study's own fields in every object that is a whole data set. */
function withOwnFields(schema: unknown, own: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(schema)) return schema.map((entry) => withOwnFields(entry, own));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { properties } = schema as { properties?: Record<string, unknown> };
  if (properties?.distribution === undefined && properties?.source === undefined) {
    return Object.fromEntries(Object.entries(schema).map(([key, entry]) => [key, withOwnFields(entry, own)]));
  }
  const swept = (['n', 'd'] as const).filter((key) => properties[key] !== undefined);
  const described = swept.map((key) => [key, { ...(properties[key] as object), ...(own[key] as object) }]);
  for (const [, entry] of described as [string, Record<string, unknown>][]) {
    for (const bound of ['type', 'minimum', 'maximum']) delete entry[bound];
  }
  return {
    ...schema,
    properties: { ...properties, ...Object.fromEntries(described), normalize: own.normalize },
  };
}

/** The data sets that an entry stands for, in the order of its lists. */
export function dataChoices(name: string, entry: DataEntry): readonly DataChoice[] {
  const { normalize, ...specification } = entry;
  return singles(specification).map((single) => {
    const swept = (['n', 'd'] as const).filter((key) => Array.isArray(specification[key]));
    const label = [name, ...swept.map((key) => `${key}=${single[key]}`)].join(' ');
    return { label, name, specification: datasetSchema.parse(single), normalize };
  });
}

/** The entry once for each element of its lists. */
function singles(entry: Readonly<Record<string, unknown>>): readonly Record<string, unknown>[] {
  const lists = (['n', 'd'] as const).filter((key) => Array.isArray(entry[key]));
  if (lists.length === 0) return [{ ...entry }];
  const count = (entry[lists[0]!] as unknown[]).length;
  return Array.from({ length: count }, (_, i) => ({
    ...entry,
    ...Object.fromEntries(lists.map((key) => [key, (entry[key] as unknown[])[i]])),
  }));
}
