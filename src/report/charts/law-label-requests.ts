// What the labels of the chart of the law say, and where each may stand.
import { shorten } from '../html.ts';
import { significant } from '../number.ts';
import { type LabelRequest, type Point, textWidth } from './labels.ts';
import { type FamilyMarks, hasPoints, type LawChartData } from './law-data.ts';
import { barsWidth, type LawFrame } from './law-frame.ts';
import type { OffScale } from './off-scale.ts';

export interface Label extends LabelRequest {
  readonly colour: string;
  readonly bold: boolean;
  /** The family that is named. */
  readonly names?: FamilyMarks;
  /** Whether the text holds the whole of that name. */
  readonly complete?: boolean;
  /** For each candidate the mark it belongs to, and how many pixels off that it needs a line to it. */
  readonly anchors?: readonly Point[];
  readonly reach?: number;
}

/** Square pixels of other marks a family's label may cover; beyond that the key beside the chart serves better. */
const CROWDED = 700;

/** Pixels between a mark and its label. */
export const GAP = 9;

export function lawLabel(data: LawChartData, frame: LawFrame): Label {
  const text = frame.layout.compact ? '\u221A(nd/P)' : '\u221A(nd/P), the scaling of the law';
  const size = sizeOf(text, frame, true);
  const candidates = onLine(frame, (parameterCount) => Math.sqrt((data.n * data.d) / parameterCount)).flatMap(
    ([x, y]): Point[] => [
      [x + 5, y - size.height - 3],
      [x - size.width - 5, y + 3],
    ],
  );
  return { text, size, candidates, colour: 'var(--ink)', bold: true };
}

export function optimumLabel(data: LawChartData, frame: LawFrame): readonly Label[] {
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
  return [{ text, size, candidates, colour: 'var(--ink)', bold: false }];
}

export function arrowLabel({ family, x, value, name }: OffScale, frame: LawFrame): readonly Label[] {
  const { compact, fontSize, marginTop } = frame.layout;
  // On a small chart a value could stand nearer to another arrow than to its own; the table has it.
  if (compact && !name) return [];
  const text = name ? `${name} ${value}` : value;
  const size = sizeOf(text, frame, name !== undefined);
  const candidates = [
    [x + GAP, marginTop + 2] as const,
    [x - size.width - GAP, marginTop + 2] as const,
    ...[0, 1, 2, 3, 4].flatMap((row): Point[] => [
      [x - size.width / 2, marginTop + fontSize + row * size.height],
      [x + GAP, marginTop + fontSize + row * size.height],
    ]),
  ];
  const { colour } = family.style;
  const naming = name && { names: family, complete: name === family.style.family };
  return [{ text, size, candidates, colour, bold: name !== undefined, ...naming }];
}

/** At one of the family's marks, or further off with a line to it. */
export function familyLabel(family: FamilyMarks, frame: LawFrame): Label {
  const text = shorten(family.style.family, frame.layout.compact ? 22 : 44);
  const size = sizeOf(text, frame, true);
  const reach = hasPoints(family) ? GAP : barsWidth(frame.layout) / 2 + 4;
  const places = [0, 18, 40].flatMap((distance) =>
    anchors(family, frame).flatMap((anchor) =>
      around(anchor, size, reach + distance, GAP + distance).map((corner) => ({ corner, anchor })),
    ),
  );
  return {
    text,
    size,
    candidates: places.map(({ corner }) => corner),
    anchors: places.map(({ anchor }) => anchor),
    reach,
    colour: family.style.colour,
    bold: true,
    names: family,
    complete: text === family.style.family,
    tolerance: CROWDED,
  };
}

/** Top left corners of boxes around a point: beside, above and below, and on the diagonals. */
function around(
  [x, y]: Point,
  { width, height }: Label['size'],
  beside: number,
  above: number,
): readonly Point[] {
  const [left, middle, right] = [x - width - beside, x - width / 2, x + beside];
  const [top, centre, bottom] = [y - height - above, y - height / 2, y + above];
  const [upper, lower] = [y - height - 0.6 * above, y + 0.6 * above];
  return [
    [right, centre],
    [right, upper],
    [middle, top],
    [middle, bottom],
    [left, centre],
    [left, lower],
    [left, upper],
    [right, lower],
  ];
}

/** One label for the lower bounds of all classes: their colours say whose each is. */
export function classBoundLabel(data: LawChartData, frame: LawFrame): readonly Label[] {
  const { layout, x, y } = frame;
  const bounded = data.families.filter(({ classBounds }) =>
    classBounds.some(({ bound }) => bound > y.domain[0]),
  );
  if (bounded.length === 0) return [];
  const [first, ...others] = bounded;
  const text = [
    'certified lower bound',
    others.length > 0 ? 's' : '',
    layout.compact
      ? ''
      : others.length > 0
        ? ', each for its class'
        : `, ${shorten(first!.style.family, 28)}`,
  ].join('');
  const size = sizeOf(text, frame, false);
  const candidates = bounded
    .flatMap(({ classBounds }) => classBounds)
    .filter(({ bound }) => bound > y.domain[0])
    .toSorted((a, b) => b.bound - a.bound)
    .flatMap(({ parameterCount, bound }): Point[] => {
      const [left, top] = [x.apply(parameterCount), y.apply(bound)];
      return [
        [left + 6, top - size.height - 4],
        [left - size.width - 6, top + 4],
        [left - size.width / 2, top + 6],
        [left + 6, top + 6],
      ];
    });
  return [
    { text, size, candidates, colour: others.length > 0 ? 'var(--muted)' : first!.style.colour, bold: false },
  ];
}

/** Where a family's label may hang: its marks from the largest P down, in the chart. */
export function anchors(
  { exact, bars, uppers, lowers }: FamilyMarks,
  { x, y, offScale }: LawFrame,
): readonly Point[] {
  return [
    ...exact.map((mark): Point => [mark.parameterCount, mark.constant.median]),
    ...[...uppers, ...lowers].map((mark): Point => [mark.parameterCount, mark.bound.median]),
    ...bars.map(
      (bar): Point => [bar.parameterCount, Math.sqrt(bar.upper * Math.max(bar.lower, y.domain[0]))],
    ),
    ...bars.map((bar): Point => [bar.parameterCount, bar.upper]),
  ]
    .filter(([, constant]) => !offScale(constant))
    .toSorted((a, b) => b[0] - a[0])
    .map(([parameterCount, constant]) => [x.apply(parameterCount), y.apply(constant)]);
}

/** Pixels along a function of P, from left to right, where it is in the chart. */
function onLine({ x, y }: LawFrame, constantAt: (parameterCount: number) => number): readonly Point[] {
  return [0.12, 0.2, 0.28, 0.36, 0.45, 0.55, 0.65, 0.75, 0.85].flatMap((share) => {
    const pixel = x.range[0] + share * (x.range[1] - x.range[0]);
    const constant = constantAt(x.invert(pixel));
    return constant >= y.domain[0] && constant <= y.domain[1] ? [[pixel, y.apply(constant)] as const] : [];
  });
}

function sizeOf(text: string, { layout }: LawFrame, bold: boolean): Label['size'] {
  return { width: textWidth(text, layout.fontSize) * (bold ? 1.06 : 1), height: 1.25 * layout.fontSize };
}
