import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { RobustlawError } from '../../src/errors.ts';
import { integers, rng } from '../../src/random/index.ts';
import {
  formatStudy,
  parseStudy,
  readStudyFile,
  studyHash,
  studyJsonSchema,
} from '../../src/study/specification.ts';
import { trainingSchema } from '../../src/training/schema.ts';
import { EXAMPLE } from './example-study.ts';

const example = () => parseStudy('example.yaml', EXAMPLE);
const errorOf = (text: string) => {
  try {
    parseStudy('example.yaml', text);
  } catch (error) {
    expect(error).toBeInstanceOf(RobustlawError);
    return (error as RobustlawError).message;
  }
  throw new Error('the study was accepted');
};
const changed = (from: string, to: string) => {
  expect(EXAMPLE).toContain(from);
  return EXAMPLE.replace(from, to);
};

describe('parseStudy', () => {
  it('fills in all defaults', () => {
    const study = example();
    expect(study.seed).toBe(7);
    expect(study.trials[1]).toEqual({
      data: ['teacher'],
      families: ['network'],
      seeds: 1,
      measures: ['slice', 'trajectory'],
      search: 'sample',
    });
    expect(study.data.sphere).toMatchObject({ normalize: false, n: [40, 30, 20], labels: { clip: false } });
    const least = parseStudy(
      'least.yaml',
      `{ name: a, title: A, data: { b: { source: optical-digits } }, families: { c: { train: { model: two-layer }, sizes: [1] } },
         trials: [{ data: [b], families: [c] }] }`,
    );
    expect(least.seed).toBe(0);
    expect(least.families.c).toEqual({
      train: { model: 'two-layer', activation: 'relu', batchNorm: false },
      sizes: [1],
      training: trainingSchema.parse({}),
    });
    expect(least.analysis).toEqual({ effectiveDimension: [], fitFrom: 10, fits: [] });
  });

  it('gives a study that is its own study file: reading what it writes changes nothing', () => {
    const study = example();
    const again = parseStudy('elsewhere/study.yaml', formatStudy(study));
    expect(again).toEqual(study);
    expect(studyHash(again)).toBe(studyHash(study));
  });

  it('has a hash that knows every value and no order of keys', () => {
    const hash = studyHash(example());
    expect(hash).toMatch(/^[0-9a-f]{12}$/);
    expect(
      studyHash(
        parseStudy(
          'x',
          changed(
            'title: "Everything a study can say"\nseed: 7',
            'seed: 7\ntitle: "Everything a study can say"',
          ),
        ),
      ),
    ).toBe(hash);
    for (const [from, to] of [
      ['seed: 7', 'seed: 8'],
      ['neurons: 4', 'neurons: 5'],
      ['[1, 2, 4, d]', '[1, 4, 2, d]'],
      ['seeds: 3', 'seeds: 4'],
    ] as const) {
      expect(studyHash(parseStudy('x', changed(from, to))), to).not.toBe(hash);
    }
  });

  it('makes the paths of data files absolute, relative to the study file', () => {
    const text = changed(
      'source: optical-digits, n: 50, task: parity, flips: 0.5,',
      'source: file, path: ../points.csv, flips: 0.5, task: parity,',
    );
    expect(parseStudy('/a/b/study.yaml', text).data.digits!.path).toBe('/a/points.csv');
  });

  it.each([
    [
      'an unknown key, with the one that was meant',
      'seeds: 3',
      'sedes: 3',
      /example\.yaml:28: trials\[0\]\.sedes: unknown key/,
    ],
    ['a value out of range', 'seeds: 3', 'seeds: 0', /:28: trials\[0\]\.seeds: 0; expected a number >= 1/],
    [
      'a value of the wrong type',
      'seeds: 3',
      'seeds: three',
      /trials\[0\]\.seeds: "three"; expected a finite number/,
    ],
    ['an integer that is none', 'seeds: 3', 'seeds: 1.5', /trials\[0\]\.seeds: 1\.5; expected an integer/],
    ['a missing field', 'title: "Everything a study can say"\n', '', /title: missing; expected text/],
    [
      'a misspelt distribution',
      'distribution: gaussian\n',
      'distribution: gausian\n',
      /data\.teacher\.distribution: "gausian".*did you mean "gaussian"\?/,
    ],
    [
      'a misspelt memorizer',
      'memorizer: mcshane',
      'memorizer: mcshan',
      /families\.smoothest\.memorizer: "mcshan".*did you mean "mcshane"\?/,
    ],
    ['an entry of a swept list', 'n: [40, 30, 20]', 'n: [40, 0, 20]', /data\.sphere\.n/],
    [
      'lists of different lengths',
      'd: [12, 8, 4]',
      'd: [12, 8]',
      /data\.sphere\.d: a list of 2; n has 3 entries and d has 2; .*pairs/,
    ],
    [
      'a field of the data set',
      'flips: 0.1',
      'flips: 0.9',
      /data\.mixture\.labels\.flips: 0\.9; expected a number <= 0\.5/,
    ],
    [
      'a size that is neither number nor d',
      '[1, 2, 4, d]',
      '[1, e]',
      /families\.projected\.sizes\[1\]: "e"; expected an integer >= 1, or a product of numbers, n and d/,
    ],
    [
      'a size that is too small',
      '[1, 2, 4, d]',
      '[1, 0]',
      /families\.projected\.sizes\[1\]: 0; expected a number >= 1/,
    ],
    [
      'a size for a family without one',
      'memorizer: mcshane',
      'memorizer: mcshane, sizes: [1]',
      /families\.smoothest\.sizes: unknown key/,
    ],
    ['a family that is neither', 'memorizer: mcshane', 'memoriser: mcshane', /families\.smoothest/],
    [
      'a negative learning rate',
      'learningRate: 0.01',
      'learningRate: -1',
      /families\.network\.training\.learningRate: -1; expected a number > 0/,
    ],
    [
      'an unknown data set, with the nearest',
      'data: [sphere, mixture]',
      'data: [sphere, mixtrue]',
      /:28: trials\[0\]\.data\[1\]: there is no data set "mixtrue"; did you mean "mixture"\?/,
    ],
    [
      'an unknown family',
      'families: [network]',
      'families: [net]',
      /trials\[1\]\.families\[0\]: there is no family "net"; there is "projected"/,
    ],
    [
      'an unknown measure',
      'measures: [slice, trajectory]',
      'measures: [slices]',
      /measures\[0\]: "slices"; expected one of "slice", "model", "gradients", "trajectory"; did you mean "slice"/,
    ],
    [
      'a name that is not kebab-case',
      'name: example-study',
      'name: Example Study',
      /name: "Example Study"; expected a name in lower case/,
    ],
    ['a name of a data set that is none', '  mixture: &mixture', '  Mixture:', /data\.Mixture/],
    [
      'a sum of one predictor',
      'sums: [[sqrt(n/P), d]]',
      'sums: [[n]]',
      /analysis\.fits\[0\]\.sums\[0\].*expected.*2/,
    ],
    [
      'a sum of a predictor and itself',
      'sums: [[sqrt(n/P), d]]',
      'sums: [[n, d], [n, n]]',
      /analysis\.fits\[0\]\.sums\[1\].*predictors that differ/,
    ],
    [
      'a sum of an unknown predictor',
      'sums: [[sqrt(n/P), d]]',
      'sums: [[n, sqrt(p)]]',
      /analysis\.fits\[0\]\.sums\[0\]\[1\]: "sqrt\(p\)"; expected one of/,
    ],
    ['a duplicate key', 'seed: 7', 'seed: 7\nseed: 8', /example\.yaml:5: the key "seed" appears twice/],
    [
      'a duplicate key in a flow map',
      'seeds: 3 }',
      'seeds: 3, seeds: 3 }',
      /:28: the key "seeds" appears twice/,
    ],
    ['a tab', '  sphere:', '\tsphere:', /example\.yaml:6: /],
    ['two documents', 'analysis:', '---\nanalysis:', /multiple documents/],
    ['an alias without an anchor', 'families: [network]', 'families: *network', /network/],
  ])('refuses %s, naming file, line, field, value and what was expected', (_, from, to, message) => {
    expect(errorOf(changed(from, to))).toMatch(message);
  });

  it('refuses an effective dimension that cannot be read off', () => {
    const ask = (data: string, reference: string, family: string) =>
      errorOf(
        changed(
          'effectiveDimension: []',
          `effectiveDimension: [{ data: ${data}, reference: ${reference}, family: ${family} }]`,
        ),
      );
    expect(ask('digits', 'mixture', 'smoothest')).toMatch(
      /effectiveDimension\[0\]\.reference: "mixture" has a single d/,
    );
    expect(ask('digits', 'spere', 'smoothest')).toMatch(/no data set "spere"; did you mean "sphere"/);
    expect(ask('digits', 'teacher', 'smoothest')).toMatch(
      /no entry of trials runs the family "smoothest" on "teacher"/,
    );
  });

  it('refuses text that is no map, empty text, and hostile YAML within bounded time', () => {
    for (const text of ['', '7', '[]', 'null', '# nothing', '\0'])
      expect(errorOf(text)).toMatch(/example\.yaml:1: /);
    const start = performance.now();
    expect(errorOf('['.repeat(100_000))).toMatch(/nested more than/);
    expect(errorOf(nested(200))).toMatch(/nested more than/);
    expect(errorOf('a: [*x]\n'.repeat(3))).toMatch(/example\.yaml:/);
    expect(errorOf(bomb())).toMatch(/alias/i);
    expect(errorOf(Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n'))).toMatch(
      /and 20000 more/,
    );
    expect(errorOf('x'.repeat(2 ** 18 + 1))).toMatch(/262145 bytes; expected at most 262144/);
    expect(errorOf('? [1, 2]\n: 3')).toMatch(/key that is a list/);
    expect(errorOf('__proto__: { polluted: true }')).toMatch(/name: missing/);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('reads a study or throws a RobustlawError for 2,000 damaged files', () => {
    let accepted = 0;
    for (let seed = 0; seed < 2000; seed++) {
      const text = damaged(EXAMPLE, seed);
      try {
        const study = parseStudy('fuzz.yaml', text);
        // Whatever is accepted is a study: it can be written and read again.
        expect(parseStudy('fuzz.yaml', formatStudy(study))).toEqual(study);
        accepted++;
      } catch (error) {
        if (!(error instanceof RobustlawError))
          throw new Error(`mutation ${seed}:\n${text}`, { cause: error });
        expect(error.message).toMatch(/^fuzz\.yaml/);
        expect(error.code).not.toBe('internal');
      }
    }
    expect(accepted).toBeGreaterThan(20);
    expect(accepted).toBeLessThan(1800);
  });
});

describe('readStudyFile', () => {
  it('says which file it cannot read', () => {
    expect(() => readStudyFile('/nowhere/study.yaml')).toThrow(/^\/nowhere\/study\.yaml: cannot be read/);
    expect(() => readStudyFile(tmpdir())).toThrow(RobustlawError);
  });

  it('looks at the size before it reads', () => {
    const directory = mkdtempSync(join(tmpdir(), 'robustlaw-'));
    const path = join(directory, 'big.yaml');
    writeFileSync(path, ' '.repeat(2 ** 18 + 1));
    expect(() => readStudyFile(path)).toThrow(expect.objectContaining({ code: 'file-too-large' }));
    rmSync(directory, { recursive: true });
  });

  it('reads every study that is shipped', () => {
    const folder = join(import.meta.dirname, '../../studies');
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
      expect(readStudyFile(join(folder, file)).name).toBe(file.replace(/\.yaml$/, ''));
    }
  });
});

describe('schema/study.schema.json', () => {
  it('is the schema that the reader uses; re-make it with `npx vitest run test/study/specification.test.ts -u`', async () => {
    const text = `${JSON.stringify(studyJsonSchema(), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot('../../schema/study.schema.json');
  });

  it('lists the fields that a study file may have, and lets editors check n and d as number or list', () => {
    const schema = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../schema/study.schema.json'), 'utf8'),
    );
    expect(Object.keys(schema.properties)).toEqual(Object.keys(parse(EXAMPLE)));
    expect(schema.additionalProperties).toBe(false);
    expect(JSON.stringify(schema.properties.data)).toContain('gaussian-mixture');
    expect(JSON.stringify(schema.properties.data)).toContain('normalize');
  });
});

function nested(levels: number): string {
  return Array.from({ length: levels }, (_, i) => `${' '.repeat(i + 1)}a:\n`).join('');
}

/** Nine aliases of nine of nine ...: 9^8 values. */
function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 9; i++) lines.push(`a${i}: &a${i} [${new Array(9).fill(`*a${i - 1}`)}]`);
  return lines.join('\n');
}

/** One to four random edits: bytes, lines, tokens and numbers replaced, removed, doubled or swapped. */
function damaged(text: string, seed: number): string {
  const draw = integers(rng('damage').split(seed), 40, 0, 2 ** 31);
  let at = 0;
  const below = (bound: number) => draw[at++ % draw.length]! % bound;
  const characters = [...'{}[]:,-#&*!|>\'"%@`\t\n \0é0.x~?'];
  const tokens = [
    'null',
    '-1',
    '1e999',
    '.nan',
    '0',
    '[]',
    '{}',
    '"',
    '1.5',
    'd',
    'slice',
    '*mixture',
    '<<: *mixture',
    '!!set x',
    '9007199254740993',
  ];
  let result = text;
  for (let edit = 0, edits = 1 + below(4); edit < edits; edit++) {
    const lines = result.split('\n');
    const words = result.split(/(\b)/);
    const position = below(result.length);
    switch (below(8)) {
      case 0:
        result =
          result.slice(0, position) + characters[below(characters.length)] + result.slice(position + 1);
        break;
      case 1:
        result = result.slice(0, position) + characters[below(characters.length)] + result.slice(position);
        break;
      case 2:
        result = result.slice(0, position);
        break;
      case 3:
        lines.splice(below(lines.length), 1);
        result = lines.join('\n');
        break;
      case 4:
        lines.splice(below(lines.length), 0, lines[below(lines.length)]!);
        result = lines.join('\n');
        break;
      case 5:
        words[below(words.length)] = tokens[below(tokens.length)]!;
        result = words.join('');
        break;
      case 6:
        lines[below(lines.length)] = `  ${lines[below(lines.length)]!}`;
        result = lines.join('\n');
        break;
      default: {
        const numbers = [...result.matchAll(/\d+(\.\d+)?/g)];
        const hit = numbers[below(Math.max(1, numbers.length))];
        if (hit) result = result.slice(0, hit.index) + below(50) + result.slice(hit.index + hit[0].length);
      }
    }
  }
  return result;
}
