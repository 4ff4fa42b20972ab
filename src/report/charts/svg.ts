// An Observable Plot figure as a string of SVG: drawn on a server-side document, named for screen readers, rounded.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type Html, plain, trusted } from '../html.ts';
import { themeCss } from '../theme.ts';

/** What a chart says to someone who cannot see it. */
export interface Description {
  /** Prefix of the identifiers inside, unique in the page. */
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** Draws `options` and returns `<svg role="img">` with title and description; lengths keep one decimal of a pixel. */
export function drawSvg(options: Plot.PlotOptions, description: Description): Html {
  // linkedom implements what Plot uses of the DOM, not the whole of its type.
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as Window;
  const svg = Plot.plot({ ...options, document, className: 'chart' });
  svg.querySelector('style')?.remove();
  renumberClips(svg, description.id);
  for (const element of svg.querySelectorAll('*')) shortenLengths(element);

  const { id } = description;
  svg.setAttribute('xmlns', SVG);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-labelledby', `${id}-title ${id}-text`);
  const text = named(document, 'desc', `${id}-text`, description.text);
  svg.insertBefore(text, svg.firstChild);
  svg.insertBefore(named(document, 'title', `${id}-title`, description.title), text);
  return trusted(svg.outerHTML);
}

/** The same drawing as a file of its own: with its colours for light and dark, and the paper beneath. */
export function standaloneSvg(svg: Html): string {
  // After its name and description, which come first.
  const start = svg.markup.indexOf(END_OF_DESCRIPTION) + END_OF_DESCRIPTION.length;
  const style = `<style>${themeCss(':root')}</style><rect width="100%" height="100%" style="fill:var(--paper)"/>`;
  return `${svg.markup.slice(0, start)}${style}${svg.markup.slice(start)}\n`;
}

const END_OF_DESCRIPTION = '</desc>';
const SVG = 'http://www.w3.org/2000/svg';

function named(document: Document, tag: 'title' | 'desc', id: string, text: string): Element {
  const element = document.createElementNS(SVG, tag);
  element.setAttribute('id', id);
  element.textContent = plain(text);
  return element;
}

/** Plot numbers its clip paths through all figures of the process; here they count from 1 in each, by the figure's own name. */
function renumberClips(svg: Element, id: string): void {
  const names = new Map(
    Array.from(svg.querySelectorAll('clipPath'), (clip, index) => [clip.id, `${id}-clip-${index + 1}`]),
  );
  for (const clip of svg.querySelectorAll('clipPath')) clip.setAttribute('id', names.get(clip.id)!);
  for (const user of svg.querySelectorAll('[clip-path]')) {
    const name = names.get(user.getAttribute('clip-path')!.slice('url(#'.length, -1));
    user.setAttribute('clip-path', `url(#${name})`);
  }
}

/** Lengths carry 15 digits. */
function shortenLengths(element: Element): void {
  for (const { name, value } of Array.from(element.attributes)) {
    if (LENGTHS.has(name)) element.setAttribute(name, value.replace(LONG_DECIMAL, shortDecimal));
  }
}

const LENGTHS = new Set([
  'd',
  'transform',
  'x',
  'y',
  'x1',
  'x2',
  'y1',
  'y2',
  'cx',
  'cy',
  'width',
  'height',
  'r',
]);
const LONG_DECIMAL = /-?\d+\.\d{2,}(?:e-?\d+)?/g;

function shortDecimal(number: string): string {
  return String(Number(Number(number).toFixed(1)));
}
