import { expect, test } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import { heroSvg } from '../../src/report/index.ts';
import { emptyStudy, failedStudy, hostileStudy, oneTrialStudy, richStudy } from './fixtures.ts';

test('a drawing that stands by itself: named, in its own colours for light and dark, nothing to load', () => {
  for (const result of [richStudy(), oneTrialStudy(), hostileStudy()]) {
    const svg = heroSvg(result);
    expect(svg.startsWith('<svg ')).toBe(true);
    expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).not.toMatch(/NaN|undefined|Infinity|<script|<image|href|url\((?!#)/);
    expect(svg).toContain('n = 1\u202F000 points');
  }
});

test.each([emptyStudy(), failedStudy()])(
  'a study without a constant has nothing to draw and says so',
  (result) => {
    expect(() => heroSvg(result)).toThrow(RobustlawError);
    expect(() => heroSvg(result)).toThrow(/nothing to draw: no finished trial of study "law-of-robustness"/);
  },
);
