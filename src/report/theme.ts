// Colours of page and charts, as CSS variables for light, dark and print, and the look of each family.
// The first six colours keep apart under red-green deficiencies as well, and each comes with a shape of its own.
import type { StudyResult } from '../study/index.ts';

/** How one family looks in every chart. */
export interface FamilyStyle {
  readonly family: string;
  readonly colour: string;
  readonly symbol: (typeof SYMBOLS)[number];
}

export const SYMBOLS = [
  'circle',
  'square',
  'triangle',
  'diamond',
  'star',
  'wye',
  'cross',
  'hexagon',
] as const;

/** Steps of the diverging scale of the contour maps, from most negative to most positive; odd, so that one lies around 0. */
export const BAND_COUNT = 13;

/**
 * A style for every family of the study; the same family looks the same everywhere. The families of the largest data
 * set come first, among them those with the most sizes, which make the curves: their colours differ the most.
 */
export function familyStyles(result: StudyResult): ReadonlyMap<string, FamilyStyle> {
  const bySize = result.analysis.series.toSorted(
    (a, b) => b.n * b.d - a.n * a.d || b.points.length - a.points.length,
  );
  const families = new Set([
    ...bySize.map((series) => series.family),
    ...result.outcomes.map((outcome) => outcome.trial.family),
  ]);
  return new Map(Array.from(families, (family, index) => [family, familyStyle(family, index)]));
}

/** The variables, for the element that `selector` names. */
export function themeCss(selector: string): string {
  const light = declarations(LIGHT);
  return [
    `${selector}{${light}}`,
    `@media (prefers-color-scheme:dark){${selector}{${declarations(DARK)}}}`,
    // A printed page is paper, whatever the screen was.
    `@media print{${selector}{${light}}}`,
  ].join('\n');
}

/** Ten colours and eight shapes: no pair of them comes twice among forty families. */
function familyStyle(family: string, index: number): FamilyStyle {
  return {
    family,
    colour: `var(--series-${index % LIGHT.series.length})`,
    symbol: SYMBOLS[index % SYMBOLS.length]!,
  };
}

interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly paper: string;
  readonly panel: string;
  readonly rule: string;
  readonly bad: string;
  readonly good: string;
  readonly series: readonly string[];
  /** Most negative, zero, most positive. */
  readonly bands: readonly [string, string, string];
}

const LIGHT: Palette = {
  ink: '#17191d',
  muted: '#565c65',
  paper: '#ffffff',
  panel: '#f5f6f8',
  rule: '#d5d9df',
  bad: '#a4142c',
  good: '#00694d',
  series: [
    '#3f62f0',
    '#7a2605',
    '#01826d',
    '#6f077d',
    '#9a5f05',
    '#2925c4',
    '#196da1',
    '#93313b',
    '#c22a72',
    '#5c6b00',
  ],
  bands: ['#0a5aa0', '#fafafa', '#c25e00'],
};

const DARK: Palette = {
  ink: '#eceef2',
  muted: '#a9b0ba',
  paper: '#14161a',
  panel: '#1d2026',
  rule: '#3a4049',
  bad: '#ff8095',
  good: '#5fd3a8',
  series: [
    '#78cbfd',
    '#f19711',
    '#2fe9ae',
    '#e86595',
    '#e3e01b',
    '#8191fe',
    '#3da7c8',
    '#d2b1ad',
    '#ff8fb8',
    '#b9cc52',
  ],
  bands: ['#5fb2ef', '#20242b', '#ff9c4f'],
};

function declarations(palette: Palette): string {
  const { series, bands, ...plain } = palette;
  return [
    ...Object.entries(plain).map(([name, colour]) => `--${name}:${colour}`),
    ...series.map((colour, index) => `--series-${index}:${colour}`),
    ...Array.from({ length: BAND_COUNT }, (_, index) => `--band-${index}:${bandColour(bands, index)}`),
  ].join(';');
}

/** Linear in each channel from one end through the middle to the other. */
function bandColour([low, middle, high]: Palette['bands'], index: number): string {
  const position = (2 * index) / (BAND_COUNT - 1) - 1;
  const end = position < 0 ? low : high;
  const mix = (channel: number): string => {
    const from = Number.parseInt(middle.slice(channel, channel + 2), 16);
    const to = Number.parseInt(end.slice(channel, channel + 2), 16);
    return Math.round(from + (to - from) * Math.abs(position))
      .toString(16)
      .padStart(2, '0');
  };
  return `#${mix(1)}${mix(3)}${mix(5)}`;
}
