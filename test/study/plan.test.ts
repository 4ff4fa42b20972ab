import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planStudy } from '../../src/study/plan.ts';
import { parseStudy } from '../../src/study/specification.ts';
import { EXAMPLE } from './example-study.ts';

const planOf = (text: string, file = 'study.yaml') => planStudy(parseStudy(file, text));
const names = (text: string) =>
  planOf(text).trials.map(({ parameters: { trial } }) =>
    [trial.data, trial.family, trial.size, trial.seed].filter((part) => part !== undefined).join(' | '),
  );
const small = (
  changes: { n?: string; d?: string; families?: string; trials?: string; seed?: number } = {},
) => `
name: small
title: Small
seed: ${changes.seed ?? 0}
data: { a: { distribution: sphere, n: ${changes.n ?? '10'}, d: ${changes.d ?? '5'}, labels: { signal: zero, noise: signs } } }
families: ${changes.families ?? '{ f: { memorizer: mcshane } }'}
trials: ${changes.trials ?? '[{ data: [a], families: [f] }]'}
`;

describe('planStudy', () => {
  it('is the product of data, seeds, families and sizes, in that order', () => {
    const families = '{ f: { memorizer: projected-rbf, sizes: [2, 1] }, g: { memorizer: mcshane } }';
    const trials = '[{ data: [a], families: [f, g], seeds: 2 }]';
    expect(names(small({ n: '[10, 20]', d: '[5, 6]', families, trials }))).toEqual([
      'a n=10 d=5 | f | 2 | 0',
      'a n=10 d=5 | f | 1 | 0',
      'a n=10 d=5 | g | 0',
      'a n=10 d=5 | f | 2 | 1',
      'a n=10 d=5 | f | 1 | 1',
      'a n=10 d=5 | g | 1',
      'a n=20 d=6 | f | 2 | 0',
      'a n=20 d=6 | f | 1 | 0',
      'a n=20 d=6 | g | 0',
      'a n=20 d=6 | f | 2 | 1',
      'a n=20 d=6 | f | 1 | 1',
      'a n=20 d=6 | g | 1',
    ]);
  });

  it('names swept data by what is swept', () => {
    expect(names(small({ d: '[3, 4]' }))).toEqual(['a d=3 | f | 0', 'a d=4 | f | 0']);
    expect(names(small({ n: '[3, 4]' }))).toEqual(['a n=3 | f | 0', 'a n=4 | f | 0']);
    expect(names(small())).toEqual(['a | f | 0']);
  });

  it('skips sizes that make no sense for the data, and says which and why', () => {
    const families = `{ f: { memorizer: projected-rbf, sizes: [3, d, 5, 6] }, g: { memorizer: grouped, sizes: [1, 2, 11] },
      h: { train: { model: two-layer }, sizes: [1, 2] }, m: { memorizer: minimum-norm } }`;
    const text = small({ families, trials: '[{ data: [a], families: [f, g, h, m] }]' });
    expect(names(text)).toEqual(['a | f | 3 | 0', 'a | f | 5 | 0', 'a | g | 2 | 0', 'a | h | 2 | 0']);
    const { notes } = planOf(text);
    expect(notes).toEqual([
      'a, f: skipped size 6: a projection cannot exceed d = 5',
      'a, g: skipped size 1: P = 7 parameters are fewer than the n = 10 labels',
      'a, g: skipped size 11: more neurons than the n = 10 points',
      'a, h: skipped size 1: P = 8 parameters are fewer than the n = 10 labels',
      'a, m: skipped no linear function fits n = 10 > d = 5 points',
    ]);
  });

  it('refuses a study of which nothing is left', () => {
    const families = '{ f: { memorizer: projected-rbf, sizes: [6] } }';
    expect(() => planOf(small({ families }))).toThrow(/no trial is left to run: .*cannot exceed d = 5/);
  });

  it('runs what several entries ask for once, with the measures of all; pictures of the first replicate only', () => {
    const trials = `[{ data: [a], families: [f], seeds: 2, measures: [slice] }, { data: [a], families: [f], seeds: 3, measures: [model] }]`;
    const plan = planOf(small({ trials }));
    expect(plan.trials.map(({ parameters }) => parameters.measures)).toEqual([
      ['model', 'slice'],
      ['model'],
      ['model'],
    ]);
  });

  it('is a function of the study, with unique ids', () => {
    const [one, two] = [planOf(EXAMPLE), planOf(EXAMPLE)];
    expect(one).toEqual(two);
    expect(new Set(one.trials.map(({ id }) => id)).size).toBe(one.trials.length);
    // By hand: sphere has d = 12, 8, 4 and mixture d = 6, sizes 1 2 4 d (once each).
    const perSeed = 4 + 1 + (4 + 1) + (3 + 1) + (4 + 1);
    expect(one.trials).toHaveLength(3 * perSeed + 2 * 2 + 2);
  });

  it('has ids that know everything that determines the result, and nothing else', () => {
    const id = (text: string) => planOf(text).trials[0]!.id;
    const base = id(small());
    expect(id(small({ trials: '[{ data: [a], families: [f], seeds: 7 }]' }))).toBe(base);
    expect(id(small().replace('title: Small', 'title: Other'))).toBe(base);
    const others = [
      small({ seed: 1 }),
      small({ n: '11' }),
      small({ d: '6' }),
      small().replace('noise: signs', 'noise: signs, clip: true'),
      small({ families: '{ f: { memorizer: rbf } }' }),
      small({ trials: '[{ data: [a], families: [f], measures: [slice] }]' }),
    ].map(id);
    expect(new Set([base, ...others]).size).toBe(7);
  });

  it('knows the contents of a data file, not only its name', () => {
    const directory = mkdtempSync(join(tmpdir(), 'robustlaw-'));
    const text = `
name: file
title: File
data: { a: { source: file, path: points.csv } }
families: { f: { memorizer: mcshane } }
trials: [{ data: [a], families: [f] }]
`;
    const idFor = (csv: string) => {
      writeFileSync(join(directory, 'points.csv'), csv);
      return planOf(text, join(directory, 'study.yaml')).trials[0]!.id;
    };
    const first = idFor('x,y\n0,1\n1,-1\n');
    expect(idFor('x,y\n0,1\n1,-1\n')).toBe(first);
    expect(idFor('x,y\n0,1\n2,-1\n')).not.toBe(first);
    rmSync(directory, { recursive: true });
    expect(() => planOf(text, join(directory, 'study.yaml'))).toThrow(/points\.csv/);
  });

  it('refuses more trials than anybody means', () => {
    const trials = `[{ data: [a], families: [f], seeds: 10000 }]`;
    const families = `{ f: { memorizer: projected-rbf, sizes: [${Array.from({ length: 11 }, (_, i) => i + 1)}] } }`;
    expect(() => planOf(small({ d: '11', families, trials }))).toThrow(/more than 100000 trials/);
  });

  it('refuses an effective dimension between different numbers of points', () => {
    const text = `
name: effective
title: Effective
data:
  real: { source: optical-digits, n: 50, task: parity }
  sphere: { distribution: sphere, n: 40, d: [2, 3], labels: { signal: zero, noise: signs } }
families: { f: { memorizer: mcshane } }
trials: [{ data: [real, sphere], families: [f] }]
analysis: { effectiveDimension: [{ data: real, reference: sphere, family: f }] }
`;
    expect(() => planOf(text)).toThrow(/real \(n = 50\).*sphere d=2 \(n = 40\)/);
    expect(planOf(text.replace('n: 40', 'n: 50')).trials).toHaveLength(3);
  });
});
