// Labels of the chart of the law, drawn beside what they name.
import * as Plot from '@observablehq/plot';
import type { LogScale } from './axes.ts';
import { type Box, type Placement, placeLabels, textWidth } from './labels.ts';
import type { FamilyMarks, LawChartData } from './law-data.ts';
import type { LawFrame, Layout } from './law-frame.ts';
import {
  anchors,
  arrowLabel,
  classBoundLabel,
  familyLabel,
  GAP,
  type Label,
  lawLabel,
  optimumLabel,
} from './law-label-requests.ts';
import { obstacles } from './law-obstacles.ts';
import type { OffScale } from './off-scale.ts';

export interface LabelMarks {
  readonly marks: Plot.Markish[];
  /** Families whose full name found no place: they need a key beside the chart. */
  readonly unlabelled: readonly FamilyMarks[];
}

export function lawLabels(data: LawChartData, arrows: readonly OffScale[], frame: LawFrame): LabelMarks {
  // Those with the fewest places first.
  const families = data.families
    .filter((family) => anchors(family, frame).length > 0)
    .toSorted((a, b) => anchors(a, frame).length - anchors(b, frame).length);
  const labels = [
    lawLabel(data, frame),
    ...optimumLabel(data, frame),
    ...arrows.flatMap((arrow) => arrowLabel(arrow, frame)),
    ...classBoundLabel(data, frame),
    ...families.map((family) => familyLabel(family, frame)),
  ];
  const { layout } = frame;
  const places = placeLabels(labels, obstacles(data, arrows, frame), {
    left: layout.marginLeft + 2,
    right: layout.width - 2,
    top: layout.marginTop + 2,
    bottom: layout.height - layout.marginBottom - 2,
  });
  const placed = labels.flatMap((label, index) => (places[index] ? [{ label, place: places[index] }] : []));
  const named = new Set(
    placed.filter(({ label }) => label.complete).map(({ label }) => label.names?.style.family),
  );
  return {
    marks: [
      ...thresholdLabels(data, frame),
      ...placed.flatMap(({ label, place }) => leaderMarks(label, place, frame)),
      ...placed.flatMap(({ label, place }) => labelMarks(label, place.box, frame)),
    ],
    unlabelled: data.families.filter(({ style }) => !named.has(style.family)),
  };
}

/** `P = n` and `P = nd` stand above the frame, in as many words as there is room for. */
function thresholdLabels(data: LawChartData, { layout, x }: LawFrame): Plot.Markish[] {
  const ends = [data.n, data.n * data.d];
  const choices = [
    ...(layout.compact ? [] : [['P = n, enough to memorize', 'P = nd, enough to memorize robustly']]),
    ['P = n', 'P = nd'],
  ];
  const middle = Math.sqrt(data.n * data.n * data.d);
  const places = choices
    .map((texts) => texts.map((text, index) => threshold(text, ends[index]!, layout, x)))
    .find(([first, second]) => first!.left + first!.width + layout.fontSize < second!.left) ?? [
    threshold(data.d === 1 ? 'P = n = nd' : 'P = n and P = nd', middle, layout, x),
  ];
  return places.map(({ text, left }) =>
    Plot.text([text], {
      x: x.invert(left),
      frameAnchor: 'top',
      textAnchor: 'start',
      lineAnchor: 'bottom',
      dy: -6,
      fill: 'var(--ink)',
    }),
  );
}

function threshold(text: string, at: number, layout: Layout, x: LogScale) {
  const width = textWidth(text, layout.fontSize);
  const right = layout.width - 4 - width;
  // Not over the labels of the other axis.
  return { text, width, left: Math.min(Math.max(x.apply(at) - width / 2, layout.marginLeft), right) };
}

function labelMarks({ text, colour, bold }: Label, box: Box, { x, y }: LawFrame): Plot.Markish[] {
  return [
    Plot.text([text], {
      x: x.invert(box.left),
      y: y.invert((box.top + box.bottom) / 2),
      textAnchor: 'start',
      fill: colour,
      stroke: 'var(--paper)',
      strokeWidth: 4,
      ...(bold && { fontWeight: 600 }),
    }),
  ];
}

/** A thin line from a label that stands off its mark. */
function leaderMarks(
  { anchors, colour, reach = GAP }: Label,
  { box, candidate }: Placement,
  { x, y }: LawFrame,
): Plot.Markish[] {
  const anchor = anchors?.[candidate];
  if (!anchor) return [];
  const end = [
    Math.min(Math.max(anchor[0], box.left), box.right),
    Math.min(Math.max(anchor[1], box.top), box.bottom),
  ] as const;
  const length = Math.hypot(end[0] - anchor[0], end[1] - anchor[1]);
  if (length < reach + 6) return [];
  // Clear of the mark itself.
  const start = [0, 1].map(
    (axis) => anchor[axis]! + ((reach - 2) / length) * (end[axis]! - anchor[axis]!),
  ) as [number, number];
  return [
    Plot.link([0], {
      x1: x.invert(start[0]),
      y1: y.invert(start[1]),
      x2: x.invert(end[0]),
      y2: y.invert(end[1]),
      stroke: colour,
      strokeWidth: 1,
    }),
  ];
}
