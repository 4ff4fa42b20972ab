// A row of the data as a small picture, where points are images.
import type { DataSurvey } from '../../survey/index.ts';
import { decodeFloats, pictureLayout, picturePng } from '../audit/pictures.ts';
import { type Html, html, NOTHING } from '../html.ts';

/** Nothing where the shape of a point is no picture, or the row is not among those that are kept. */
export function rowPicture({ data, pictures }: DataSurvey, row: number): Html {
  const layout = pictureLayout(data.shape);
  const kept = pictures.find((picture) => picture.row === row);
  if (!layout || layout.guessed || !kept) return NOTHING;
  const values = decodeFloats(kept.point, data.features);
  if (!values) return NOTHING;
  return html`<img src="${picturePng(values, layout, data.range)}" alt="row ${String(row)}">`;
}
