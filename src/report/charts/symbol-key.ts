// A family's symbol in running text.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type Html, trusted } from '../html.ts';
import type { FamilyStyle } from '../theme.ts';

const SIZE = 16;

/** The symbol alone, decorative: the family's name stands beside it. */
export function symbolKey({ colour, symbol }: Pick<FamilyStyle, 'colour' | 'symbol'>): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as Window;
  const svg = Plot.plot({
    document,
    width: SIZE,
    height: SIZE,
    margin: 0,
    axis: null,
    marks: [Plot.dot([0], { frameAnchor: 'middle', symbol, r: 5, fill: colour })],
  });
  svg.querySelector('style')?.remove();
  svg.setAttribute('class', 'symbol');
  svg.setAttribute('aria-hidden', 'true');
  return trusted(svg.outerHTML);
}
