// Legibility: WCAG 2.1 contrast, and colour difference as seen with red-green deficiencies (Machado et al. 2009).
import { describe, expect, test } from 'vitest';
import { BAND_COUNT, familyStyles, SYMBOLS, themeCss } from '../../src/report/theme.ts';
import { crowdedStudy, richStudy } from './fixtures.ts';

type Colour = readonly [red: number, green: number, blue: number];

const [light, dark, print] = themeCss(':root').split('\n').map(variables);

describe.each([
  ['light', light!],
  ['dark', dark!],
])('%s', (_, palette) => {
  test('text of every colour stands out from the paper', () => {
    const names = [
      'ink',
      'muted',
      'good',
      'bad',
      ...Array.from({ length: 10 }, (_, index) => `series-${index}`),
    ];
    for (const name of names) {
      expect(contrast(palette.get(name)!, palette.get('paper')!), name).toBeGreaterThan(4.5);
    }
    for (const name of ['ink', 'muted']) {
      expect(contrast(palette.get(name)!, palette.get('panel')!), name).toBeGreaterThan(4.5);
    }
  });

  test.each(Object.entries(visions()))('the first six colours keep apart: %s', (_, matrix) => {
    const seen = Array.from({ length: 6 }, (_, index) =>
      oklab(through(matrix, palette.get(`series-${index}`)!)),
    );
    for (const [i, a] of seen.entries()) {
      for (const b of seen.slice(0, i))
        expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(0.08);
    }
  });

  test('the diverging scale has lightness that changes monotonically towards both ends', () => {
    const lightness = Array.from({ length: BAND_COUNT }, (_, band) => oklab(palette.get(`band-${band}`)!)[0]);
    const middle = (BAND_COUNT - 1) / 2;
    expect(Number.isInteger(middle)).toBe(true);
    const direction = Math.sign(lightness[0]! - lightness[middle]!);
    for (let band = 1; band <= middle; band++) {
      expect(Math.sign(lightness[middle - band]! - lightness[middle - band + 1]!)).toBe(direction);
      expect(Math.sign(lightness[middle + band]! - lightness[middle + band - 1]!)).toBe(direction);
    }
  });
});

test('paper is printed as in the light', () => {
  expect(print).toEqual(light);
});

test('no two of forty families look the same', () => {
  const [some] = crowdedStudy().analysis.series;
  const base = crowdedStudy();
  const series = Array.from({ length: 40 }, (_, index) => ({ ...some!, family: `family ${index}` }));
  const styles = [
    ...familyStyles({ ...base, outcomes: [], analysis: { ...base.analysis, series } }).values(),
  ];
  expect(new Set(styles.map(({ colour, symbol }) => `${colour} ${symbol}`)).size).toBe(40);
  expect(new Set(styles.slice(0, SYMBOLS.length).map(({ symbol }) => symbol)).size).toBe(SYMBOLS.length);
});

test('the curves of the largest data set have the first colours; families that only failed come last', () => {
  expect([...familyStyles(richStudy()).keys()]).toEqual([
    'projected-rbf',
    'two-layer',
    'mcshane',
    'baum',
    'cap',
    'minimum-norm',
  ]);
});

function visions(): Readonly<Record<string, readonly Colour[]>> {
  return {
    normal: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    protanopia: [
      [0.152286, 1.052583, -0.204868],
      [0.114503, 0.786281, 0.099216],
      [-0.003882, -0.048116, 1.051998],
    ],
    deuteranopia: [
      [0.367322, 0.860646, -0.227968],
      [0.280085, 0.672501, 0.047413],
      [-0.01182, 0.04294, 0.968881],
    ],
  };
}

/** `--name:#rrggbb` to linear light. */
function variables(css: string): ReadonlyMap<string, Colour> {
  return new Map(
    Array.from(css.matchAll(/--([\w-]+):#([0-9a-f]{6})/g), ([, name, hex]) => {
      const channel = (start: number): number => {
        const value = Number.parseInt(hex!.slice(start, start + 2), 16) / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      };
      return [name!, [channel(0), channel(2), channel(4)] as Colour];
    }),
  );
}

function contrast(a: Colour, b: Colour): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance([red, green, blue]: Colour): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function through(matrix: readonly Colour[], colour: Colour): Colour {
  return matrix.map((row) =>
    Math.max(0, row[0] * colour[0] + row[1] * colour[1] + row[2] * colour[2]),
  ) as unknown as Colour;
}

/** Ottosson 2020. */
function oklab([red, green, blue]: Colour): Colour {
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
