import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { madryCapacity, robustBenchLadders, wideResNetParameterCount } from '../../src/plan/index.ts';

const reference = process.env.ROBUSTLAW_REFERENCE;
const summary = reference ? join(reference, 'robustbench_summary.csv') : '';

describe('published points', () => {
  it('counts the parameters of Wide ResNets as their publications do', () => {
    expect(wideResNetParameterCount(34, 10, 10)).toBe(46_160_474);
    expect(wideResNetParameterCount(94, 16, 10)).toBe(365_915_610);
    expect(wideResNetParameterCount(28, 10, 10)).toBe(36_479_194);
    expect(wideResNetParameterCount(70, 16, 10)).toBe(266_796_506);
    expect(() => wideResNetParameterCount(35, 10, 10)).toThrow(/depth/);
  });

  it('has the capacity scales of Madry et al.', () => {
    expect(madryCapacity().map(({ parameters }) => parameters)).toEqual([206_954, 3_274_634, 3_274_634]);
  });

  it('fits within a ladder: points per decade between its ends', () => {
    for (const { rungs, pointsPerDecade } of robustBenchLadders()) {
      expect(rungs.length).toBeGreaterThan(1);
      if (rungs.length > 2) continue;
      const [a, b] = rungs as [(typeof rungs)[0], (typeof rungs)[0]];
      const expected = (b.accuracy - a.accuracy) / Math.log10(b.parameters / a.parameters);
      expect(pointsPerDecade).toBeCloseTo(expected, 9);
    }
  });

  it.skipIf(!existsSync(summary))('has the accuracies of RobustBench (ROBUSTLAW_REFERENCE)', () => {
    const rows = readFileSync(summary, 'utf8')
      .split('\n')
      .map((line) => line.split(','));
    for (const { data, threat, rungs, name } of robustBenchLadders()) {
      const dataset = data.toLowerCase().replace('-', '');
      const norm = threat.startsWith('linf') ? 'Linf' : 'L2';
      const [first] = name.split(' ');
      for (const { model, accuracy, parameters } of rungs) {
        const found = rows.filter(
          (row) =>
            row[0] === dataset &&
            row[1] === norm &&
            row[2]!.startsWith(first!) &&
            row[3]!.replace('WideResNet', 'WRN') === model &&
            Number(row[7]) === accuracy,
        );
        expect(found.length, `${name} ${model} ${accuracy}`).toBe(1);
        expect(Number(found[0]![4])).toBe(parameters);
      }
    }
  });
});
