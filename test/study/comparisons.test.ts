import { describe, expect, it } from 'vitest';
import { GLOBAL } from '../../src/guarantee/index.ts';
import { rng } from '../../src/random/index.ts';
import { comparisons } from '../../src/study/analysis/comparisons.ts';
import type { TrialOutcome } from '../../src/study/index.ts';
import { parseStudy } from '../../src/study/specification.ts';

const STUDY = (more = '') => `
name: compared
title: Compared
data:
  sphere: { distribution: sphere, n: [50, 80], d: 20, labels: { signal: zero, noise: signs } }
families:
  network: { train: { model: two-layer }, sizes: [10, 20] }
  bumps: { memorizer: projected-rbf, sizes: [5, 20] }
  mcshane: { memorizer: mcshane }
trials: [{ data: [sphere], families: [network, bumps, mcshane], seeds: 4 }]
analysis:
  comparisons: [{ title: At equal P, families: [network], against: [bumps, mcshane]${more} }]
`;

const study = parseStudy('compared.yaml', STUDY());

interface Cell {
  readonly family: string;
  readonly size?: number;
  readonly seed: number;
  readonly P: number;
  /** Exact, or from below and above. */
  readonly constant: number | readonly [number, number];
  readonly memorized?: boolean;
  readonly n?: number;
}

function outcome(cell: Cell, index: number): TrialOutcome {
  const { family, size, seed, P, constant, memorized = true, n = 50 } = cell;
  const claim = { norm: 'l2', domain: GLOBAL, method: 'test', arithmetic: 'float64' } as const;
  const zero = new Float64Array(20);
  const pair = { kind: 'pair', a: zero, b: zero } as const;
  return {
    state: 'done',
    seconds: 1,
    trial: {
      id: String(index),
      data: `sphere n=${n} d=20`,
      family,
      ...(size !== undefined && { size }),
      seed,
    },
    result: {
      n,
      d: 20,
      parameterCount: P,
      interpolationError: 0,
      meanSquaredError: 0,
      memorization: 'perfect',
      memorized,
      lipschitz:
        typeof constant === 'number'
          ? {
              upper: {
                kind: 'exact',
                value: constant,
                enclosure: [constant, constant],
                ...claim,
              },
            }
          : {
              lower: { kind: 'lower', value: constant[0], witness: pair, ...claim },
              upper: { kind: 'upper', value: constant[1], ...claim },
            },
      law: { scaling: 1, mcShaneOptimum: 1 },
    },
  };
}

/** On draw s the constructions have the constants 4 (P = 300) and 2 (P = 1000), times s + 1. */
const constructions = [0, 1, 2, 3].flatMap((seed): Cell[] => [
  { family: 'bumps', size: 5, seed, P: 300, constant: 4 * (seed + 1) },
  { family: 'bumps', size: 20, seed, P: 1050, constant: 3 * (seed + 1) },
  { family: 'mcshane', seed, P: 1000, constant: 2 * (seed + 1) },
]);

const networks = (
  size: number,
  P: number,
  constant: (seed: number) => Cell['constant'],
  more: Partial<Cell> = {},
) =>
  [0, 1, 2, 3].map((seed): Cell => ({ family: 'network', size, seed, P, constant: constant(seed), ...more }));

const compare = (cells: readonly Cell[], from = study) =>
  comparisons(from, cells.map(outcome), rng(1))[0]!.members;

describe('comparisons', () => {
  it('takes the smoothest construction with at most as many parameters, draw by draw', () => {
    const members = compare([
      ...networks(10, 400, (seed) => [8 * (seed + 1), 12 * (seed + 1)]),
      ...networks(20, 2000, (seed) => [8 * (seed + 1), 12 * (seed + 1)]),
      ...constructions,
    ]);
    expect(members.map(({ best }) => best)).toEqual([['bumps 5'], ['mcshane']]);
    // The same ratio on every draw, whatever the draw: an interval without width.
    expect(members[0]!.atLeast!.value).toBeCloseTo(2, 12);
    expect(members[0]!.atMost!.value).toBeCloseTo(3, 12);
    expect(members[1]!.atLeast!.value).toBeCloseTo(4, 12);
    expect(members[1]!.atLeast!.interval[0]).toBeCloseTo(4, 12);
    expect(members[1]!.atMost!.interval[1]).toBeCloseTo(6, 12);
    expect(members.map(({ draws }) => draws)).toEqual([4, 4]);
  });

  it('gives the geometric mean with an interval that holds it and lies within the ratios', () => {
    const ratios = [1.5, 2, 3, 6];
    const [member] = compare([
      ...networks(10, 400, (seed) => [ratios[seed]! * 4 * (seed + 1), 100]),
      ...constructions,
    ]);
    const mean = (1.5 * 2 * 3 * 6) ** (1 / 4);
    expect(member!.atLeast!.value).toBeCloseTo(mean, 12);
    const [low, high] = member!.atLeast!.interval;
    expect(low).toBeGreaterThanOrEqual(1.5);
    expect(low).toBeLessThan(mean);
    expect(high).toBeLessThanOrEqual(6);
    expect(high).toBeGreaterThan(mean);
  });

  it('compares neither with constructions of more parameters, nor of other draws, nor of other data', () => {
    const few = networks(10, 299, () => [1, 2]);
    expect(compare([...few, ...constructions])[0]).toMatchObject({
      draws: 0,
      note: 'no construction with at most 299 parameters',
    });
    const others = constructions.map((cell) => ({ ...cell, n: 80 }));
    expect(compare([...networks(10, 400, () => [1, 2]), ...others])[0]!.draws).toBe(0);
    const twoDraws = constructions.filter(({ seed }) => seed < 2);
    const [member] = compare([...networks(10, 400, () => [1, 2]), ...twoDraws]);
    expect(member).toMatchObject({ draws: 2, note: '2 draws; an interval takes 3' });
    expect(member!.atLeast).toBeUndefined();
  });

  it('leaves out what did not memorize, of both, and says how many', () => {
    const some = networks(10, 2000, () => [8, 8]).map((cell) => ({ ...cell, memorized: cell.seed > 0 }));
    const badMcShane = constructions.map((cell) => ({ ...cell, memorized: cell.family !== 'mcshane' }));
    const [member] = compare([...some, ...badMcShane]);
    expect(member).toMatchObject({ draws: 3, leftOut: 1, best: ['bumps 20'] });
    const kept = parseStudy('compared.yaml', STUDY(', memorized: false'));
    expect(compare([...some, ...constructions], kept)[0]).toMatchObject({ draws: 4, leftOut: 0 });
  });

  it('has no ratio from above where there is no certificate', () => {
    const [member] = compare([...networks(10, 2000, () => [8, Infinity]), ...constructions]);
    expect(member!.atMost).toBeUndefined();
    expect(member!.atLeast!.value).toBeGreaterThan(0);
  });

  it('is asked with names that exist', () => {
    expect(() => parseStudy('s.yaml', STUDY(', data: [cube]'))).toThrow(/comparisons.*there is no data set/s);
    expect(() => parseStudy('s.yaml', STUDY().replace('against: [bumps', 'against: [bump'))).toThrow(
      /there is no family "bump"/,
    );
  });
});

describe('penalties on gradients', () => {
  const text = (train: string, penalty: string) => `
name: penalised
title: Penalised
data: { sphere: { distribution: sphere, n: 20, d: 5, labels: { signal: zero, noise: signs } } }
families: { network: { train: ${train}, sizes: [10], training: { ${penalty}: 0.1 } } }
trials: [{ data: [sphere], families: [network] }]
`;

  it('are refused for activations without a second derivative', async () => {
    const { planStudy } = await import('../../src/study/index.ts');
    const plan = (train: string, penalty: string) => planStudy(parseStudy('p.yaml', text(train, penalty)));
    for (const activation of ['relu', 'leaky-relu', 'elu', 'abs']) {
      for (const [penalty, name] of [
        ['gradientPenalty', 'gradient penalty'],
        ['jacobianPenalty', 'Jacobian penalty'],
      ] as const) {
        const message = `families.network.training: ${name}: ${activation}, the activation of this mlp model, has no second derivative`;
        expect(() => plan(`{ model: mlp, activation: ${activation} }`, penalty)).toThrow(message);
      }
    }
    expect(plan('{ model: mlp, activation: gelu }', 'gradientPenalty').trials).toHaveLength(1);
    expect(plan('{ model: mlp, activation: relu }', 'weightDecay').trials).toHaveLength(1);
  });
});
