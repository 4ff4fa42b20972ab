// A study as its author writes it: data x families x sizes x seeds, as YAML, validated before anything runs.
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { RobustlawError } from '../errors.ts';
import { suggestion } from '../validation/index.ts';
import { PUBLISHED_FIGURES } from './analysis/published.ts';
import { PREDICTORS, QUANTITIES } from './analysis/quantities.ts';
import { type DataEntry, dataEntryJsonSchema, dataEntrySchema } from './data-entry.ts';
import { familySchema } from './families.ts';
import { contentHash } from './json.ts';
import { fieldError, schemaError } from './problems.ts';
import { MAX_YAML_BYTES, parseYaml, type YamlText } from './yaml-text.ts';

const name = z
  .string()
  .max(64)
  .regex(
    /^[a-z0-9]+(-[a-z0-9]+)*$/,
    'a name in lower case: letters, digits, and single hyphens between them',
  );

const names = z.array(name).min(1).max(100);

/** What can be measured besides fit, Lipschitz constant and the law's numbers, which always are. */
const measure = z.enum(['slice', 'model', 'gradients', 'trajectory']);
export type Measure = z.output<typeof measure>;

const search = z.enum(['ascent', 'sample']);
export type Search = z.output<typeof search>;

const grid = z.strictObject({
  data: names.describe('names of data sets; a data set whose n or d is a list stands for all of its entries'),
  families: names.describe('names of families, each at all of its sizes'),
  seeds: z.int().min(1).max(10_000).default(1).describe('replicates; every one draws new data'),
  measures: z
    .array(measure)
    .default([])
    .describe(
      'slice: values on the plane through three data points, for contour maps, of the first replicate; model: the function as ONNX; ' +
        'gradients: the largest gradient at fresh points, the mean of its square and the sensitivity; ' +
        'trajectory: the constant at steps of the training',
    ),
  search: search
    .default('ascent')
    .describe(
      'Lipschitz constants of networks from below: by gradient ascent (up to some 10^12 operations), or by the largest ' +
        'gradient at the data and at fresh points, which takes a thousandth of that',
    ),
});

const effectiveDimension = z.strictObject({
  data: name.describe('the data set whose effective dimension is asked'),
  reference: name.describe('a data set whose d is a list: the curve to read from'),
  family: name.describe('the family whose constants are compared, at its largest size'),
});

const fit = z.strictObject({
  title: z.string().min(1).max(200),
  quantity: z
    .enum(QUANTITIES)
    .describe(
      'what was measured: upper (certified or exact), lower (witnessed or exact), gradients (the largest at fresh points), ' +
        'average (root of the mean squared gradient), sensitivity (mean of |z| |grad f(z)| over fresh points)',
    ),
  predictor: z.enum(PREDICTORS).describe('k is the size of the family'),
  scale: z.enum(['linear', 'log']).default('log').describe('log: both axes'),
  data: names.optional().describe('names of data sets; defaults to all'),
  families: names.optional().describe('defaults to all'),
  per: z
    .array(z.enum(['data', 'family']))
    .max(2)
    .default([])
    .describe('what has a line of its own; one line through all trials by default'),
  memorized: z.boolean().default(true).describe('whether to keep only trials that memorized'),
  rivals: z
    .array(z.enum(PREDICTORS))
    .max(PREDICTORS.length)
    .default([])
    .describe('other predictors, compared'),
  // Without a default, so that studies without one keep their hash.
  sums: z
    .array(
      z.array(z.enum(PREDICTORS)).min(2).max(PREDICTORS.length).refine(allDiffer, 'predictors that differ'),
    )
    .max(20)
    .optional()
    .describe(
      'several predictors at once, each with a coefficient, compared with the lines in one: a sum with an intercept, or with ' +
        'scale: log a product of powers',
    ),
  bins: z.number().positive().optional().describe('medians over bins of the predictor of this width'),
  published: z
    .array(z.enum(PUBLISHED_FIGURES))
    .default([])
    .describe('figures of the literature, drawn and fitted beside'),
});

/** One fit that a study asks for. */
export type FitQuestion = z.output<typeof fit>;

const comparison = z.strictObject({
  title: z.string().min(1).max(200),
  families: names.describe('what is compared, at every size'),
  against: names.describe('explicit constructions; the smoothest with at most as many parameters counts'),
  data: names.optional().describe('names of data sets; defaults to all'),
  memorized: z.boolean().default(true).describe('whether to keep only trials that memorized'),
});

/** One comparison that a study asks for. */
export type ComparisonQuestion = z.output<typeof comparison>;

const limits = z.strictObject({
  seconds: z
    .number()
    .positive()
    .max(86_400)
    .optional()
    .describe(
      'for each trial: then training ends as it is, and so does the search from below; results may then differ between runs',
    ),
});

/** Schema of a study file; strict: unknown keys are errors. */
export const studySchema = z.strictObject({
  name: name.describe('names the run directory'),
  title: z.string().min(1).max(200).describe('heading of the report'),
  seed: z
    .int()
    .min(0)
    .default(0)
    .describe('every random number is a function of it and of the names in this file'),
  data: z.record(name, dataEntrySchema),
  families: z.record(name, familySchema),
  trials: z.array(grid).min(1).max(1000),
  limits: limits.optional(),
  analysis: z
    .strictObject({
      effectiveDimension: z.array(effectiveDimension).max(100).default([]),
      fitFrom: z
        .number()
        .min(0)
        .default(10)
        .describe('exponents are fitted over projection dimensions k >= fitFrom * ln(n)'),
      fits: z.array(fit).max(100).default([]),
      // Without a default, so that studies without one keep their hash.
      comparisons: z.array(comparison).max(100).optional(),
    })
    .prefault({}),
});

/** A study with all defaults filled in; again a valid study file. */
export type StudySpecification = z.output<typeof studySchema>;

/** JSON Schema (draft 2020-12) of a study file, for editors. */
export function studyJsonSchema(): unknown {
  const schema = z.toJSONSchema(studySchema, { io: 'input' });
  const { data } = schema.properties as Record<string, Record<string, unknown>>;
  return {
    ...schema,
    properties: { ...schema.properties, data: { ...data, additionalProperties: dataEntryJsonSchema() } },
  };
}

/**
 * Reads a study file. Paths of data files in it are relative to it; in the result they are absolute.
 *
 * @throws RobustlawError `not-found`, `file-too-large`, or `malformed-file` naming file, line, field, value and what
 * was expected.
 */
export function readStudyFile(path: string): StudySpecification {
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > MAX_YAML_BYTES) {
      throw new RobustlawError(
        'file-too-large',
        `${path}: ${size} bytes; expected at most ${MAX_YAML_BYTES}`,
      );
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof RobustlawError) throw error;
    throw new RobustlawError('not-found', `${path}: cannot be read (${(error as Error).message})`, {
      cause: error,
    });
  }
  return parseStudy(path, text);
}

/** The study in YAML text; `file` names it in messages and is what data files are relative to. */
export function parseStudy(file: string, text: string): StudySpecification {
  const yaml = parseYaml(file, text);
  const result = studySchema.safeParse(yaml.value);
  if (!result.success) throw schemaError(yaml, result.error.issues);
  checkReferences(yaml, result.data);
  return withAbsolutePaths(result.data, dirname(resolve(file)));
}

function allDiffer(list: readonly string[]): boolean {
  return new Set(list).size === list.length;
}

/** The study as YAML; reading it gives the same study. */
export function formatStudy(study: StudySpecification): string {
  return stringify(study, { lineWidth: 0 });
}

/** The first 12 hexadecimal digits of the SHA-256 of the study with all defaults filled in. */
export function studyHash(study: StudySpecification): string {
  return contentHash(study);
}

function checkReferences(yaml: YamlText, study: StudySpecification): void {
  const dataNames = Object.keys(study.data);
  const familyNames = Object.keys(study.families);
  const require = (path: PropertyKey[], wanted: string, what: string, known: readonly string[]) => {
    if (!known.includes(wanted)) {
      throw fieldError(yaml, path, `there is no ${what} "${wanted}"${suggestion(wanted, known)}`);
    }
  };
  study.trials.forEach(({ data, families }, t) => {
    for (const [i, wanted] of data.entries())
      require(['trials', t, 'data', i], wanted, 'data set', dataNames);
    for (const [i, wanted] of families.entries()) {
      require(['trials', t, 'families', i], wanted, 'family', familyNames);
    }
  });
  study.analysis.fits.forEach((wanted, i) => {
    const path = ['analysis', 'fits', i];
    wanted.data?.forEach((name, j) => {
      require([...path, 'data', j], name, 'data set', dataNames);
    });
    wanted.families?.forEach((name, j) => {
      require([...path, 'families', j], name, 'family', familyNames);
    });
    const sampled = study.trials.some(({ measures }) => measures.includes('gradients'));
    if (wanted.quantity !== 'upper' && wanted.quantity !== 'lower' && !sampled) {
      const what = `"${wanted.quantity}" needs an entry of trials with measures: [gradients]; there is none`;
      throw fieldError(yaml, [...path, 'quantity'], what);
    }
  });
  study.analysis.comparisons?.forEach((wanted, i) => {
    for (const key of ['families', 'against'] as const) {
      wanted[key].forEach((name, j) => {
        require(['analysis', 'comparisons', i, key, j], name, 'family', familyNames);
      });
    }
    wanted.data?.forEach((name, j) => {
      require(['analysis', 'comparisons', i, 'data', j], name, 'data set', dataNames);
    });
  });
  study.analysis.effectiveDimension.forEach((wanted, i) => {
    const path = ['analysis', 'effectiveDimension', i];
    require([...path, 'data'], wanted.data, 'data set', dataNames);
    require([...path, 'reference'], wanted.reference, 'data set', dataNames);
    require([...path, 'family'], wanted.family, 'family', familyNames);
    if (!Array.isArray(study.data[wanted.reference]!.d)) {
      throw fieldError(
        yaml,
        [...path, 'reference'],
        `"${wanted.reference}" has a single d; expected a data set whose d is a list, to read the dimension from`,
      );
    }
    for (const key of ['data', 'reference'] as const) {
      const asked = study.trials.some(
        (grid) => grid.data.includes(wanted[key]) && grid.families.includes(wanted.family),
      );
      if (!asked) {
        const what = `no entry of trials runs the family "${wanted.family}" on "${wanted[key]}"; add one`;
        throw fieldError(yaml, [...path, key], what);
      }
    }
  });
}

/** Data files by absolute path, so that the resolved study can lie in another directory. */
function withAbsolutePaths(study: StudySpecification, directory: string): StudySpecification {
  const absolute = (entry: DataEntry): DataEntry => {
    if (entry.source !== 'file') return entry;
    const files = (['path', 'labels'] as const).filter((key) => typeof entry[key] === 'string');
    return {
      ...entry,
      ...Object.fromEntries(files.map((key) => [key, resolve(directory, entry[key] as string)])),
    };
  };
  return {
    ...study,
    data: Object.fromEntries(Object.entries(study.data).map(([key, entry]) => [key, absolute(entry)])),
  };
}
