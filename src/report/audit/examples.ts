// Adversarial examples to look at: original, change and result; the most fragile points; the most suspicious labels.
import type {
  AuditImage,
  AuditResult,
  PointRobustness,
  Robustness,
  SuspiciousLabel,
} from '../../audit/index.ts';
import { type Html, html, NOTHING, trusted } from '../html.ts';
import { count, counted, MISSING, percent, significant } from '../number.ts';
import { type Column, numberCell, row, section, table, textCell } from '../sections/common.ts';
import { NORMS } from '../words.ts';
import { measured } from './measured.ts';
import {
  changeKey,
  changePng,
  decodeFloats,
  LONGEST_SIDE,
  type PictureLayout,
  pictureLayout,
  picturePng,
} from './pictures.ts';
import { certifiedText, className, labelText, NORM_WORDS, radiusText } from './words.ts';

/** Pictures of one norm; fewer where each is large. */
const MOST_IMAGES = 12;
const FEW_IMAGES = 6;
const MANY_VALUES = 5000;
const MOST_CHANGES = 6;
const MOST_ROWS = 10;

/** Pictures of points, or for other data the features that changed most; then the most fragile points. */
export function examples(result: AuditResult): Html {
  const layout = pictureLayout(result.data.shape);
  const most =
    layout && layout.height * layout.width * layout.channels > MANY_VALUES ? FEW_IMAGES : MOST_IMAGES;
  const byNorm = Map.groupBy(result.images, ({ norm }) => norm);
  const galleries = Array.from(byNorm, ([norm, images]) => {
    const more = images.length - most;
    return html`<h3>${NORMS[norm]}: ${NORM_WORDS[norm]}</h3>
<ul class="gallery">${images.slice(0, most).map((image) => card(result, image))}</ul>
${more > 0 ? html`<p>${counted(more, 'more example')} in <a href="./audit.json">audit.json</a>.</p>\n` : NOTHING}`;
  });
  const content =
    galleries.length === 0
      ? html`<p class="absent">None to show: ${result.robustness.some(({ result: one }) => 'value' in one) ? 'no attack found any' : 'no attack ran'}.</p>\n`
      : html`<p>${explanation(result, layout)}</p>
${galleries}`;
  return section('examples', 'Adversarial examples', [content, fragile(result)]);
}

/** Labels that look wrong, with their pictures where the points are some. */
export function suspiciousLabels(result: AuditResult): Html {
  return section(
    'suspicious',
    'Suspicious labels',
    measured(result.memorization, ({ data, suspicious }) => {
      if (suspicious.length === 0) return html`<p class="absent">No label stands out.</p>\n`;
      const shown = suspicious.slice(0, MOST_ROWS);
      const thumbs = shown.map((one) => suspectPicture(result, one));
      const pictured = thumbs.some((thumb) => thumb !== undefined);
      const around = shown.some(({ neighbours }) => neighbours !== null && neighbours !== undefined);
      const said = shown.some(({ model }) => model !== undefined);
      const rows = shown.map((one, index) =>
        row([
          html`<th scope="row">${count(one.row)}</th>`,
          pictured ? (thumbs[index] ?? textCell(MISSING)) : NOTHING,
          textCell(className(result, one.label)),
          said ? textCell(sayer(result, one, one.model)) : textCell(className(result, one.suggested)),
          around ? textCell(sayer(result, one, one.neighbours)) : NOTHING,
          numberCell(significant(one.score)),
          textCell(one.reason),
        ]),
      );
      const columns = [
        { title: 'Row' },
        ...(pictured ? [{ title: 'Picture' }] : []),
        { title: 'Given label' },
        { title: said ? 'Model says' : 'Suggested' },
        ...(around ? [{ title: 'Neighbours say' }] : []),
        { title: 'Score', numeric: true },
        { title: 'Why' },
      ];
      return html`<p>Labels to check by eye, most suspicious first, in ${data}; rows count from 0, and a score compares within this audit only.</p>
${table('Suspicious labels', columns, rows)}${rest(suspicious.length)}`;
    }),
  );
}

/** What a model or neighbours say of a label; what agrees with it stays quiet. */
function sayer(result: AuditResult, { label }: SuspiciousLabel, says: number | null | undefined): string {
  if (says === null || says === undefined) return MISSING;
  return says === label ? 'the same' : className(result, says);
}

function suspectPicture(result: AuditResult, { point }: SuspiciousLabel): Html | undefined {
  const layout = pictureLayout(result.data.shape);
  const values = layout && point !== undefined ? decodeFloats(point, result.data.features) : undefined;
  if (!layout || !values) return undefined;
  const range = result.data.bounds ?? rangeOf([values]);
  return html`<td class="thumbs">${img(picturePng(values, layout, range), 'the point')}</td>`;
}

function explanation({ data }: AuditResult, layout: PictureLayout | undefined): string {
  if (!layout)
    return 'Left the input as it is, right the input that the model gets wrong: the features that changed most.';
  const guess = layout.guessed
    ? ` Points are flat vectors of ${count(layout.height * layout.width)} values, drawn here as squares of ${count(layout.height)} \u00D7 ${count(layout.width)}.`
    : '';
  const reduced =
    Math.max(layout.height, layout.width) > LONGEST_SIDE
      ? ' Larger pictures are reduced to means of blocks.'
      : '';
  const range = data.bounds
    ? `black is ${radiusText(data.bounds[0])}, white ${radiusText(data.bounds[1])}`
    : 'black is the least value of the two pictures, white the greatest';
  return `Left the original, in the middle the change, enlarged as said beneath, right the picture that the model gets wrong; ${range}.${guess}${reduced}`;
}

function card(result: AuditResult, image: AuditImage): Html {
  const { norm, distance, attack, before, after } = image;
  const from = `${labelText(result, before.prediction)}${confidence(before.confidence)}`;
  const to = `${labelText(result, after.prediction)}${confidence(after.confidence)}`;
  return html`<li>${pictures(result, image) ?? changes(result, image) ?? NOTHING}
<p><strong>${from} \u2192 ${to}</strong><small>row ${count(image.row)}, label ${labelText(result, image.label)}; ${NORMS[norm]} distance ${significant(distance, 'up')}; found by ${attack}${key(result, image)}</small></p></li>
`;
}

function confidence(value: number | null): string {
  return value === null ? '' : ` (${percent(value)})`;
}

interface Decoded {
  readonly original: Float32Array;
  readonly adversarial: Float32Array;
  readonly change: Float32Array;
  /** Largest change of any value. */
  readonly scale: number;
}

function decoded({ data }: AuditResult, image: AuditImage): Decoded | undefined {
  const original = decodeFloats(image.original, data.features);
  const adversarial = decodeFloats(image.adversarial, data.features);
  if (!original || !adversarial) return undefined;
  const change = original.map((value, index) => adversarial[index]! - value);
  return {
    original,
    adversarial,
    change,
    scale: change.reduce((most, step) => Math.max(most, Math.abs(step)), 0),
  };
}

function pictures(result: AuditResult, image: AuditImage): Html | undefined {
  const layout = pictureLayout(result.data.shape);
  const points = layout && decoded(result, image);
  if (!layout || !points) return undefined;
  const range = result.data.bounds ?? rangeOf([points.original, points.adversarial]);
  return html`<div class="triple">${img(picturePng(points.original, layout, range), 'original')}${img(changePng(points.change, layout, points.scale), 'change')}${img(picturePng(points.adversarial, layout, range), 'adversarial')}</div>`;
}

function key(result: AuditResult, image: AuditImage): string {
  const layout = pictureLayout(result.data.shape);
  const points = layout && decoded(result, image);
  return layout && points ? `. ${changeKey(layout, points.scale)}` : '';
}

function rangeOf(arrays: readonly Float32Array[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const points of arrays) {
    for (const value of points) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  return [low, high];
}

function img(source: string, alternative: string): Html {
  return html`<img src="${trusted(source)}" alt="${alternative}">`;
}

/** The features that changed most, as bars. */
function changes(result: AuditResult, image: AuditImage): Html | undefined {
  const points = decoded(result, image);
  if (!points) return undefined;
  const order = Array.from(points.change.keys())
    .filter((index) => points.change[index] !== 0)
    .sort((a, b) => Math.abs(points.change[b]!) - Math.abs(points.change[a]!));
  const rows = order.slice(0, MOST_CHANGES).map((index) => {
    const change = points.change[index]!;
    const width = points.scale > 0 ? (50 * Math.abs(change)) / points.scale : 0;
    return html`<tr><th scope="row">x<sub>${count(index)}</sub></th><td class="number">${significant(points.original[index]!)} \u2192 ${significant(points.adversarial[index]!)}</td><td class="change"><i class="${change > 0 ? 'more' : 'less'}" style="width:${width.toFixed(1)}%"></i></td></tr>
`;
  });
  const more =
    order.length > MOST_CHANGES ? `${count(order.length - MOST_CHANGES)} more features changed less` : '';
  return html`<table class="changes"><tbody>${rows}</tbody></table>${more ? html`<small>${more}</small>` : NOTHING}`;
}

/** For each norm the points whose found boundary is nearest. */
function fragile(result: AuditResult): Html {
  const tables = result.robustness.flatMap(({ result: one }) => {
    if (!('value' in one)) return [];
    const nearest = nearestFirst(one.value);
    if (nearest.length === 0) return [];
    const { norm } = one.value;
    const shown = nearest.slice(0, MOST_ROWS);
    const { column, cell } = pictureColumn(
      result,
      shown.map((point) => (image) => image.row === point.row && image.norm === norm),
    );
    const rows = shown.map((point, index) => fragileRow(result, point, cell(index)));
    const columns = [
      { title: 'Row' },
      ...column,
      { title: 'Label' },
      { title: 'Becomes' },
      { title: 'Found at', numeric: true },
      { title: 'Certified', numeric: true },
      { title: 'Attack' },
    ];
    return [
      html`<h4>${NORMS[norm]}</h4>
${table(`Most fragile points, ${NORMS[norm]}`, columns, rows)}${rest(nearest.length)}`,
    ];
  });
  if (tables.length === 0) return NOTHING;
  return html`<h3>Most fragile points</h3>
<p>Points that the model gets right and that need the least change to go wrong.</p>
${tables}`;
}

function nearestFirst({ points }: Robustness): readonly PointRobustness[] {
  return points
    .filter((point) => point.correct && point.found !== null)
    .toSorted((a, b) => a.found!.distance - b.found!.distance || a.row - b.row);
}

function fragileRow(result: AuditResult, point: PointRobustness, picture: Html): Html {
  const found = point.found!;
  return row([
    html`<th scope="row">${count(point.row)}</th>`,
    picture,
    textCell(labelText(result, point.label)),
    textCell(labelText(result, found.prediction)),
    numberCell(`\u2264\u202F${significant(found.distance, 'up')}`),
    numberCell(point.certified.radius > 0 ? certifiedText(point.certified.radius) : MISSING),
    textCell(found.attack),
  ]);
}

/** A column of small pictures for the rows of a table; absent where the audit holds none of them. */
function pictureColumn(
  result: AuditResult,
  wanted: readonly ((image: AuditImage) => boolean)[],
): { readonly column: readonly Column[]; readonly cell: (index: number) => Html } {
  const layout = pictureLayout(result.data.shape);
  const cells = wanted.map((isWanted) => {
    const image = layout && result.images.find(isWanted);
    const points = image && decoded(result, image);
    if (!layout || !points) return undefined;
    const range = result.data.bounds ?? rangeOf([points.original, points.adversarial]);
    return html`<td class="thumbs">${img(picturePng(points.original, layout, range), 'original')}${img(picturePng(points.adversarial, layout, range), 'adversarial')}</td>`;
  });
  const any = cells.some((cell) => cell !== undefined);
  return {
    column: any ? [{ title: 'Picture' }] : [],
    cell: (index) => (any ? (cells[index] ?? textCell(MISSING)) : NOTHING),
  };
}

function rest(length: number): Html {
  return length > MOST_ROWS
    ? html`<p>${count(length - MOST_ROWS)} more in <a href="./audit.json">audit.json</a>.</p>\n`
    : NOTHING;
}
