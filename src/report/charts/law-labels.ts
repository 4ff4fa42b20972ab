// Labels of the chart of the law, beside what they name.
import * as Plot from '@observablehq/plot';
import { shorten } from '../html.ts';
import { significant } from '../number.ts';
import { alongLine, type Box, type LabelRequest, placeLabels, textWidth } from './labels.ts';
import { type FamilyMarks, hasPoints, type LawChartData } from './law-data.ts';
import type { LawFrame } from './law-frame.ts';
import type { OffScale } from './off-scale.ts';

export interface LabelMarks {
  readonly marks: Plot.Markish[];
  /** Families whose full name found no place: they need a key beside the chart. */
  readonly unlabelled: readonly FamilyMarks[];
}

interface Label extends LabelRequest {
  readonly colour: string;
  readonly bold: boolean;
  /** The family that is named. */
  readonly names?: FamilyMarks;
  /** Whether the text holds the whole of that name. */
  readonly complete?: boolean;
  /** Whether the family's mark is drawn before the text. */
  readonly glyph: boolean;
}

type Point = readonly [x: number, y: number];

/** Square pixels of other marks a family's label may cover; beyond that the key beside the chart serves better. */
const CROWDED = 700;

/** Pixels between a mark and its label. */
const GAP = 9;

export function lawLabels(data: LawChartData, arrows: readonly OffScale[], frame: LawFrame): LabelMarks {
  // Those with the fewest places first.
  const families = data.families
    .filter((family) => anchors(family, frame).length > 0)
    .toSorted((a, b) => anchors(a, frame).length - anchors(b, frame).length);
  const labels = [
    lawLabel(data, frame),
    ...optimumLabel(data, frame),
    ...arrows.flatMap((arrow) => arrowLabel(arrow, frame)),
    ...families.map((family) => familyLabel(family, frame)),
    ...data.families.flatMap((family) => classBoundLabel(family, frame)),
  ];
  const { layout } = frame;
  const places = placeLabels(labels, obstacles(data, arrows, frame), {
    left: layout.marginLeft + 2,
    right: layout.width - 2,
    top: layout.marginTop + 2,
    bottom: layout.height - layout.marginBottom - 2,
  });
  const placed = labels.flatMap((label, index) => (places[index] ? [{ label, box: places[index] }] : []));
  const named = new Set(
    placed.filter(({ label }) => label.complete).map(({ label }) => label.names?.style.family),
  );
  return {
    marks: [
      ...thresholdLabels(data, frame),
      ...placed.flatMap(({ label, box }) => labelMarks(label, box, frame)),
    ],
    unlabelled: data.families.filter(({ style }) => !named.has(style.family)),
  };
}

/** `P = n` and `P = nd` stand above the frame; on two rows where they would meet. */
function thresholdLabels(data: LawChartData, { layout, x }: LawFrame): Plot.Markish[] {
  const { fontSize, compact } = layout;
  const product = data.n * data.d;
  const texts =
    data.d === 1
      ? [{ at: data.n, text: 'P = n = nd' }]
      : [
          { at: data.n, text: compact ? 'P = n' : 'P = n, enough to memorize' },
          { at: product, text: compact ? 'P = nd' : 'P = nd, enough to memorize robustly' },
        ];
  const right = layout.width - 4;
  return texts.map(({ at, text }) => {
    const width = textWidth(text, fontSize);
    // Not over the labels of the other axis.
    const left = Math.min(Math.max(x.apply(at) - width / 2, layout.marginLeft), right - width);
    return Plot.text([text], {
      x: x.invert(left + width / 2),
      frameAnchor: 'top',
      lineAnchor: 'bottom',
      dy: -6,
      fill: 'var(--ink)',
    });
  });
}

function lawLabel(data: LawChartData, frame: LawFrame): Label {
  const text = frame.layout.compact ? '\u221A(nd/P)' : '\u221A(nd/P), the scaling of the law';
  const size = sizeOf(text, frame, true);
  const candidates = onLine(frame, (parameterCount) => Math.sqrt((data.n * data.d) / parameterCount)).flatMap(
    ([x, y]): Point[] => [
      [x + 5, y - size.height - 3],
      [x - size.width - 5, y + 3],
    ],
  );
  return { text, size, candidates, colour: 'var(--ink)', bold: true, glyph: false };
}

function optimumLabel(data: LawChartData, frame: LawFrame): readonly Label[] {
  if (!data.mcShane) return [];
  const { layout, y } = frame;
  const value = `McShane optimum ${significant(data.mcShane.median)}`;
  const text = layout.compact ? value : `${value}: nothing through these data is below`;
  const size = sizeOf(text, frame, false);
  const line = y.apply(data.mcShane.median);
  const candidates = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9, 0, 1].flatMap((share): Point[] => {
    const left =
      layout.marginLeft +
      6 +
      share * (layout.width - layout.marginLeft - layout.marginRight - size.width - 12);
    return [
      [left, line - size.height - 4],
      [left, line + 4],
    ];
  });
  return [{ text, size, candidates, colour: 'var(--ink)', bold: false, glyph: false }];
}

function arrowLabel({ family, x, value, name }: OffScale, frame: LawFrame): readonly Label[] {
  const { compact, fontSize, marginTop } = frame.layout;
  // On a small chart a value could stand nearer to another arrow than to its own; the table has it.
  if (compact && !name) return [];
  const text = name ? `${name} ${value}` : value;
  const size = sizeOf(text, frame, name !== undefined);
  const beside = [
    [x + GAP, marginTop + 2],
    [x - size.width - GAP, marginTop + 2],
  ] as const;
  const below = [0, 1, 2, 3].map(
    (row) => [x - size.width / 2, marginTop + fontSize + row * size.height] as const,
  );
  const { colour } = family.style;
  const candidates = [...beside, ...below];
  return [
    {
      text,
      size,
      candidates,
      colour,
      bold: name !== undefined,
      glyph: false,
      ...(name && { names: family, complete: name === family.style.family }),
    },
  ];
}

function familyLabel(family: FamilyMarks, frame: LawFrame): Label {
  const text = shorten(family.style.family, frame.layout.compact ? 22 : 44);
  const size = sizeOf(text, frame, true, true);
  const candidates = anchors(family, frame).flatMap(([x, y]): Point[] => [
    [x + GAP, y - size.height / 2],
    [x + GAP, y - size.height - 3],
    [x - size.width / 2, y - size.height - GAP],
    [x - size.width / 2, y + GAP],
    [x - size.width - GAP, y - size.height / 2],
    [x - size.width - GAP, y + 3],
    [x + GAP, y - 2.4 * size.height],
    [x - size.width / 2, y + 1.2 * size.height + GAP],
  ]);
  return {
    text,
    size,
    candidates,
    colour: family.style.colour,
    bold: true,
    names: family,
    complete: text === family.style.family,
    glyph: true,
    tolerance: CROWDED,
  };
}

function classBoundLabel({ style, classBounds }: FamilyMarks, frame: LawFrame): readonly Label[] {
  const { layout, x, y } = frame;
  const inside = classBounds.filter(({ bound }) => bound > y.domain[0]);
  if (inside.length === 0) return [];
  const text = layout.compact
    ? 'certified lower bound'
    : `certified lower bound, ${shorten(style.family, 28)}`;
  const size = sizeOf(text, frame, false);
  const candidates = inside.flatMap(({ parameterCount, bound }): Point[] => {
    const [left, top] = [x.apply(parameterCount), y.apply(bound)];
    return [
      [left + 6, top - size.height - 4],
      [left - size.width - 6, top + 4],
      [left - size.width / 2, top + 6],
      [left + 6, top + 6],
    ];
  });
  // Where several classes crowd, their colours say whose each bound is.
  return [{ text, size, candidates, colour: style.colour, bold: false, glyph: false, tolerance: 100 }];
}

/** Where a family's label may hang: its marks from the largest P down, in the chart. */
function anchors({ exact, bars, uppers }: FamilyMarks, { x, y, offScale }: LawFrame): readonly Point[] {
  return [
    ...exact.map((mark): Point => [mark.parameterCount, mark.constant.median]),
    ...uppers.map((mark): Point => [mark.parameterCount, mark.bound.median]),
    ...bars.map(
      (bar): Point => [bar.parameterCount, Math.sqrt(bar.upper * Math.max(bar.lower, y.domain[0]))],
    ),
    ...bars.map((bar): Point => [bar.parameterCount, bar.upper]),
  ]
    .filter(([, constant]) => !offScale(constant))
    .toSorted((a, b) => b[0] - a[0])
    .map(([parameterCount, constant]) => [x.apply(parameterCount), y.apply(constant)]);
}

/** Everything drawn that a label should not cover. */
function obstacles(data: LawChartData, arrows: readonly OffScale[], frame: LawFrame): Box[] {
  const { x, y, layout } = frame;
  const at = (parameterCount: number, constant: number): Point => [
    x.apply(parameterCount),
    y.apply(constant),
  ];
  const across = (constantAt: (parameterCount: number) => number): readonly Point[] =>
    x.domain.map((parameterCount) => at(parameterCount, constantAt(parameterCount)));
  const up = (parameterCount: number, from: number, to: number): readonly Point[] =>
    [from, to].map((constant) => at(parameterCount, Math.min(Math.max(constant, y.domain[0]), y.domain[1])));
  const optimum = data.mcShane?.median;
  const lines = [
    across((parameterCount) => Math.sqrt((data.n * data.d) / parameterCount)),
    ...(optimum ? [across(() => optimum)] : []),
    ...[data.n, data.n * data.d].map((size) => up(size, ...y.domain)),
    ...data.families.flatMap(({ exact, bars, classBounds }) => [
      exact.map((mark) => at(mark.parameterCount, mark.constant.median)),
      classBounds.map((mark) => at(mark.parameterCount, mark.bound)),
      ...bars.map((bar) => up(bar.parameterCount, bar.lower, bar.upper)),
    ]),
  ];
  const dots = data.families.flatMap(({ exact, uppers }) => [
    ...exact.map((mark) => at(mark.parameterCount, mark.constant.median)),
    ...uppers.map((mark) => at(mark.parameterCount, mark.bound.median)),
  ]);
  const boxes = [
    ...arrows.map((arrow) => squareAround(arrow.x, layout.marginTop + 9, 9)),
    ...lines.flatMap((line) => alongLine(line, 6)),
    ...dots.map(([left, top]) => squareAround(left, top, 7)),
  ];
  return boxes.filter(
    (box) => box.bottom > layout.marginTop && box.top < layout.height - layout.marginBottom,
  );
}

function squareAround(x: number, y: number, half: number): Box {
  return { left: x - half, right: x + half, top: y - half, bottom: y + half };
}

/** Pixels along a function of P, from left to right, where it is in the chart. */
function onLine({ x, y }: LawFrame, constantAt: (parameterCount: number) => number): readonly Point[] {
  return [0.12, 0.2, 0.28, 0.36, 0.45, 0.55, 0.65, 0.75, 0.85].flatMap((share) => {
    const pixel = x.range[0] + share * (x.range[1] - x.range[0]);
    const constant = constantAt(x.invert(pixel));
    return constant >= y.domain[0] && constant <= y.domain[1] ? [[pixel, y.apply(constant)] as const] : [];
  });
}

function sizeOf(text: string, { layout }: LawFrame, bold: boolean, symbol = false): Label['size'] {
  const width = textWidth(text, layout.fontSize) * (bold ? 1.06 : 1);
  return { width: width + (symbol ? symbolRoom(layout.fontSize) : 0), height: 1.25 * layout.fontSize };
}

function symbolRoom(fontSize: number): number {
  return 1.1 * fontSize;
}

function labelMarks({ text, colour, bold, names, glyph }: Label, box: Box, frame: LawFrame): Plot.Markish[] {
  const { x, y, layout } = frame;
  const middle = y.invert((box.top + box.bottom) / 2);
  const left = box.left + (glyph ? symbolRoom(layout.fontSize) : 0);
  const label = Plot.text([text], {
    x: x.invert(left),
    y: middle,
    textAnchor: 'start',
    fill: colour,
    stroke: 'var(--paper)',
    strokeWidth: 4,
    ...(bold && { fontWeight: 600 }),
  });
  if (!glyph || !names) return [label];
  const r = layout.fontSize / 3;
  const at = box.left + r + 1;
  // A family that is known only between two ends has no point anywhere, here neither.
  const mark = hasPoints(names)
    ? Plot.dot([0], { x: x.invert(at), y: middle, r, symbol: names.style.symbol, fill: colour })
    : Plot.ruleX([0], {
        x: x.invert(at),
        y1: y.invert(box.bottom - 3),
        y2: y.invert(box.top + 3),
        stroke: colour,
        strokeWidth: r,
      });
  return [label, mark];
}
