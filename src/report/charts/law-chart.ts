// The hero chart: Lipschitz constant against number of parameters, both logarithmic (arXiv 2105.12806, theorem 1).
import type * as Plot from '@observablehq/plot';
import { type Html, shorten } from '../html.ts';
import { count, significant } from '../number.ts';
import type { FamilyMarks, LawChartData } from './law-data.ts';
import { type Layout, lawFrame } from './law-frame.ts';
import { lawLabels } from './law-labels.ts';
import { axisMarks, familyMarks, offScaleMarks, referenceMarks } from './law-marks.ts';
import { offScaleArrows } from './off-scale.ts';
import { drawSvg } from './svg.ts';

export interface LawChart {
  readonly svg: Html;
  /** Families without a direct label: the page gives them a key. */
  readonly unlabelled: readonly FamilyMarks[];
  /** Whether something lies beyond the top. */
  readonly beyond: boolean;
}

/** Draws the chart of one data set; `id` is unique in the page. `extra` marks are drawn on top. */
export function lawChart(
  data: LawChartData,
  layout: Layout,
  id: string,
  extra: readonly Plot.Markish[] = [],
): LawChart {
  const frame = lawFrame(data, layout);
  const arrows = offScaleArrows(data, frame);
  const labels = lawLabels(data, arrows, frame);
  const svg = drawSvg(
    {
      ...layout,
      style: { fontSize: `${layout.fontSize}px` },
      x: { type: 'log', domain: frame.x.domain, axis: null },
      y: { type: 'log', domain: frame.y.domain, axis: null },
      marks: [
        ...axisMarks(frame),
        ...referenceMarks(data, frame),
        ...data.families.flatMap((family) => familyMarks(family, frame)),
        ...offScaleMarks(arrows, frame),
        ...labels.marks,
        ...extra,
      ],
    },
    { id, title: `Lipschitz constant against number of parameters: ${data.data}`, text: description(data) },
  );
  return { svg, unlabelled: labels.unlabelled, beyond: arrows.length > 0 };
}

/** The chart in words. */
function description(data: LawChartData): string {
  const product = data.n * data.d;
  return [
    `Both axes are logarithmic. n = ${count(data.n)}, d = ${count(data.d)}.`,
    `The line of the law falls as the square root of nd/P from ${significant(Math.sqrt(data.d))} at P = n = ${count(data.n)} to 1 at P = nd = ${count(product)}.`,
    data.mcShane
      ? `No function through these data has a constant below ${significant(data.mcShane.median)}.`
      : '',
    ...data.families.map(inWords),
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function inWords({ style, exact, bars, uppers, lowers, classBounds }: FamilyMarks): string {
  const name = shorten(style.family, 60);
  const parts = [
    ...ends(exact).map(
      (mark) => `exactly ${significant(mark.constant.median)} at P = ${count(mark.parameterCount)}`,
    ),
    ...ends(lowers).map(
      (mark) => `at least ${significant(mark.bound.median, 'down')} at P = ${count(mark.parameterCount)}`,
    ),
    ...ends(uppers).map(
      (mark) => `at most ${significant(mark.bound.high, 'up')} at P = ${count(mark.parameterCount)}`,
    ),
    ...ends(bars).map(
      (bar) =>
        `between ${significant(bar.lower, 'down')} and ${significant(bar.upper, 'up')} at P = ${count(bar.parameterCount)}`,
    ),
    ...ends(classBounds).map(
      (mark) => `proved not below ${significant(mark.bound, 'down')} at P = ${count(mark.parameterCount)}`,
    ),
  ];
  return `${name}: ${parts.join('; ')}.`;
}

/** First and last. */
function ends<T>(items: readonly T[]): readonly T[] {
  return items.length > 1 ? [items[0]!, items.at(-1)!] : items;
}
