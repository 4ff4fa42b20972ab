// A family's symbol in running text.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type Html, trusted } from '../html.ts';
import { type FamilyMarks, hasPoints } from './law-data.ts';

const SIZE = 16;

/** The symbol alone, or a bar for a family known only between two ends; decorative: the name stands beside it. */
export function symbolKey(family: FamilyMarks): Html {
  const { symbol, colour } = family.style;
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as Window;
  const svg = Plot.plot({
    document,
    width: SIZE,
    height: SIZE,
    margin: 0,
    axis: null,
    x: { domain: [0, SIZE], range: [0, SIZE] },
    y: { domain: [0, SIZE], range: [SIZE, 0] },
    marks: [
      hasPoints(family)
        ? Plot.dot([0], { frameAnchor: 'middle', symbol, r: 5, fill: colour })
        : Plot.ruleX([SIZE / 2], { y1: 2, y2: SIZE - 2, stroke: colour, strokeWidth: 5 }),
    ],
  });
  svg.querySelector('style')?.remove();
  svg.setAttribute('class', 'symbol');
  svg.setAttribute('aria-hidden', 'true');
  return trusted(svg.outerHTML);
}
