// Points of published figures, shipped with the package, to be drawn and fitted beside one's own.
import { readFileSync } from 'node:fs';
import { RobustlawError } from '../../errors.ts';

/** The figures: file, and the series in it where it holds several. */
const FIGURES = {
  'bln-2021-figure-2': { title: 'figure 2', file: 'bln-2021-figure-2.csv', x: 'sqrt_n_over_k' },
  'bln-2021-figure-3-k=n': {
    title: 'figure 3, k = n',
    file: 'bln-2021-figure-3.csv',
    x: 'sqrt_d',
    series: 'k=n',
  },
  'bln-2021-figure-3-k=10n/d': {
    title: 'figure 3, k = 10 n/d',
    file: 'bln-2021-figure-3.csv',
    x: 'sqrt_d',
    series: 'k=10n/d',
  },
} as const;

export const PUBLISHED_FIGURES = Object.keys(FIGURES) as readonly (keyof typeof FIGURES)[];
export type PublishedFigureName = keyof typeof FIGURES;

/** Points as they stand in the figure: (sqrt(n/k), largest random gradient), or (sqrt(d), largest random gradient). */
export function publishedPoints(name: PublishedFigureName): {
  readonly source: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
} {
  const figure: { title: string; file: string; x: string; series?: string } = FIGURES[name];
  // The folder studies/ is beside src/ in the sources and beside dist/ in the package.
  const url = new URL(`../../../studies/published/${figure.file}`, import.meta.url);
  let text: string;
  try {
    text = readFileSync(url, 'utf8');
  } catch (error) {
    throw new RobustlawError('not-found', `${url.pathname}: cannot be read; install robustlaw again`, {
      cause: error,
    });
  }
  const [header, ...rows] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const columns = header!.split(',');
  const at = (column: string) => columns.indexOf(column);
  const points = rows
    .map((line) => line.split(','))
    .filter((fields) => figure.series === undefined || fields[at('series')] === figure.series)
    .map((fields) => ({ x: Number(fields[at(figure.x)]), y: Number(fields[at('max_random_gradient')]) }));
  return {
    source: `Bubeck, Li and Nagaraj, COLT 2021, PMLR 134:804-820, ${figure.title}`,
    points,
  };
}
