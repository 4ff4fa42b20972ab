import { describe, expect, it } from 'vitest';
import { type Domain, GLOBAL } from '../../../src/guarantee/index.ts';
import { RELU } from '../../../src/intervals/index.ts';
import { matrix } from '../../../src/linalg/index.ts';
import { arrangement, firstStage } from '../../../src/lipschitz/exact/cells.ts';
import { conflictOfSimplex, conflictOnBox } from '../../../src/lipschitz/exact/conflict.ts';
import { type HalfSpace, halfSpace } from '../../../src/lipschitz/exact/half-space.ts';
import { decider } from '../../../src/lipschitz/exact/region.ts';
import { chain } from '../../../src/lipschitz/network/network.ts';
import { normal, rng } from '../../../src/random/index.ts';

/** Rows a x < b as the sides of the neurons of one block. */
function spacesOf(rows: readonly (readonly number[])[], domain: Domain, coefficientError = 0) {
  const d = rows[0]!.length - 1;
  const w = matrix(rows.length, d, Float64Array.from(rows.flatMap((r) => r.slice(0, d))));
  const network = chain([w, matrix(1, rows.length)], RELU, [
    Float64Array.from(rows, (r) => -r[d]!),
    new Float64Array(1),
  ]);
  const blurred = {
    ...network,
    blocks: network.blocks.map((block) => ({
      ...block,
      preactivation: { ...block.preactivation, coefficientError },
    })),
  };
  const cells = arrangement(blurred, domain);
  const stage = firstStage(cells);
  return { cells, spaces: rows.map((_, i): HalfSpace => halfSpace(stage, i, 1, 0)) };
}

const UNIT: Domain = { kind: 'box', lower: new Float64Array(2).fill(-1), upper: new Float64Array(2).fill(1) };

describe('interiors of polyhedra', () => {
  const cases: readonly (readonly [string, Domain, readonly (readonly number[])[], 'empty' | 'interior'])[] =
    [
      [
        'a simplex',
        GLOBAL,
        [
          [-1, 0, 0],
          [0, -1, 0],
          [1, 1, 1],
        ],
        'interior',
      ],
      [
        'a simplex turned inside out',
        GLOBAL,
        [
          [-1, 0, 0],
          [0, -1, 0],
          [1, 1, 0],
        ],
        'empty',
      ],
      [
        'a simplex of 1e-13',
        GLOBAL,
        [
          [-1, 0, 0],
          [0, -1, 0],
          [1, 1, 1e-13],
        ],
        'interior',
      ],
      [
        'a simplex missed by 1e-13',
        GLOBAL,
        [
          [-1, 0, 0],
          [0, -1, 0],
          [1, 1, -1e-13],
        ],
        'empty',
      ],
      [
        'a half-space and its opposite',
        GLOBAL,
        [
          [0.1, 0.3, 0.7],
          [-0.1, -0.3, -0.7],
        ],
        'empty',
      ],
      [
        'a slab of 1e-12',
        GLOBAL,
        [
          [0.1, 0.3, 0.7],
          [-0.1, -0.3, -0.7 + 1e-12],
        ],
        'interior',
      ],
      [
        'a thin cone',
        GLOBAL,
        [
          [1, 1e-9, 0],
          [-1, 1e-9, 0],
        ],
        'interior',
      ],
      [
        'a cone closed to a ray',
        GLOBAL,
        [
          [1, 0, 0],
          [-1, 0, 0],
          [0, 1, 0],
        ],
        'empty',
      ],
      [
        'a cone far from 0',
        GLOBAL,
        [
          [1, -1e-6, -1],
          [-1, -1e-6, -1],
        ],
        'interior',
      ],
      ['a corner of the box', UNIT, [[-1, -1, -1.999999]], 'interior'],
      ['the corner itself', UNIT, [[-1, -1, -2]], 'empty'],
      ['past the corner', UNIT, [[-1, -1, -2.000001]], 'empty'],
      ['an edge of the box', UNIT, [[-0.1, 0, -0.1]], 'empty'],
      ['outside of the box although not empty', UNIT, [[-1, 0, -3]], 'empty'],
      [
        'a diagonal through the box',
        UNIT,
        [
          [1, 1, 1e-12],
          [-1, -1, 1e-12],
        ],
        'interior',
      ],
    ];
  it.for(cases)('%s', async ([, domain, rows, expected]) => {
    const { cells, spaces } = spacesOf(rows, domain);
    const polyhedra = await decider(cells, 1);
    const verdict = polyhedra.decide(spaces);
    expect(verdict.kind).toBe(expected);
    polyhedra.dispose();
    // The point is strictly inside in exact arithmetic: differences of at most three products, as integers.
    if (verdict.kind !== 'interior') return;
    for (const row of rows) {
      const terms = [row[0]! * verdict.point[0]!, row[1]! * verdict.point[1]!, -row[2]!];
      expect(terms.reduce((a, b) => a + b)).toBeLessThan(1e-15 * Math.max(...terms.map(Math.abs)));
    }
  });

  it('agrees with a planted point, in many dimensions', async () => {
    for (const d of [1, 3, 10, 30]) {
      const r = rng(d);
      const x = normal(r.split('x'), d);
      const rows = Array.from({ length: 3 * d }, (_, i) => {
        const a = normal(r.split('a').split(i), d);
        return [...a, a.reduce((s, v, c) => s + v * x[c]!, 1e-6)];
      });
      const { cells, spaces } = spacesOf(rows, GLOBAL);
      const polyhedra = await decider(cells, 1);
      expect(polyhedra.decide(spaces).kind).toBe('interior');
      // The sum of all, turned round, conflicts with them.
      const sum = rows[0]!.map((_, c) => -rows.reduce((s, row) => s + row[c]!, 0));
      sum[d]! -= 1e-3;
      const more = spacesOf([...rows, sum], GLOBAL);
      const others = await decider(more.cells, 1);
      expect(others.decide(more.spaces).kind).toBe('empty');
      polyhedra.dispose();
      others.dispose();
    }
  });

  it('proofs in float64 hold for all coefficients within their errors', () => {
    const rows = [
      [-1, 0, 0],
      [0, -1, 0],
      [1, 1, 0],
    ];
    for (const [error, proven] of [
      [0, true],
      [1e-3, true],
      [0.4, false],
    ] as const) {
      expect(conflictOfSimplex(spacesOf(rows, GLOBAL, error).spaces)).toBe(proven);
    }
    // With a constant that is exactly at the edge only zeros are certain.
    expect(
      conflictOfSimplex(
        spacesOf(
          [
            [-1, 0, -1],
            [0, -1, -1],
            [1, 1, 2],
          ],
          GLOBAL,
        ).spaces,
      ),
    ).toBe(false);
    expect(
      conflictOfSimplex(
        spacesOf(
          [
            [-1, 0, -1],
            [0, -1, -1],
            [1, 1, 1.999999],
          ],
          GLOBAL,
        ).spaces,
      ),
    ).toBe(true);
    const { cells, spaces } = spacesOf([[-1, -1, -2.1]], UNIT);
    expect(conflictOnBox(cells, spaces, Float64Array.of(1))).toBe(true);
    expect(conflictOnBox(cells, spaces, Float64Array.of(0))).toBe(false);
    const blurred = spacesOf([[-1, -1, -2.1]], UNIT, 0.1);
    expect(conflictOnBox(blurred.cells, blurred.spaces, Float64Array.of(1))).toBe(false);
  });
});
