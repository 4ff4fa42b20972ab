// The frame of the chart of the law: its layout in pixels, its scales, and what lies beyond them.

import { type LogScale, logScale, paddedDomain } from './axes.ts';
import type { LawChartData } from './law-data.ts';

/** Sizes in pixels of a chart drawn for one kind of screen. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly fontSize: number;
  readonly marginLeft: number;
  readonly marginRight: number;
  readonly marginTop: number;
  readonly marginBottom: number;
  /** Short labels only. */
  readonly compact: boolean;
}

export const WIDE: Layout = {
  width: 1040,
  height: 620,
  fontSize: 15,
  marginLeft: 58,
  marginRight: 22,
  marginTop: 62,
  marginBottom: 52,
  compact: false,
};

/** A phone, or one of several charts side by side. */
export const NARROW: Layout = {
  width: 400,
  height: 400,
  fontSize: 12,
  marginLeft: 42,
  marginRight: 12,
  marginTop: 50,
  marginBottom: 42,
  compact: true,
};

/** Pixels that the bars of one size share. */
export function barsWidth(layout: Layout): number {
  return layout.compact ? 20 : 36;
}

export interface LawFrame {
  readonly layout: Layout;
  readonly x: LogScale;
  readonly y: LogScale;
  /** Whether a constant lies above the chart. */
  offScale(constant: number): boolean;
}

/** Constants beyond this multiple of the law at the smallest P would flatten all the others; they become arrows. */
const TALLEST = 40;

export function lawFrame(data: LawChartData, layout: Layout): LawFrame {
  const sizes = data.families.flatMap((family) => [
    ...family.exact.map((mark) => mark.parameterCount),
    ...family.bars.map((bar) => bar.parameterCount),
    ...[...family.uppers, ...family.lowers].map((mark) => mark.parameterCount),
  ]);
  const xDomain = paddedDomain([...sizes, data.n, data.n * data.d], 1.35);
  const law = xDomain.map((parameterCount) => Math.sqrt((data.n * data.d) / parameterCount)) as [
    number,
    number,
  ];
  const always = [law[0], law[1], ...(data.mcShane ? [data.mcShane.low, data.mcShane.high] : [])];
  const constants = data.families
    .flatMap((family) => [
      ...family.exact.flatMap(({ constant }) => [constant.low, constant.median, constant.high]),
      ...family.bars.flatMap((bar) => [bar.lower, bar.upper, bar.product]),
      ...[...family.uppers, ...family.lowers].flatMap(({ bound }) => [bound.low, bound.median, bound.high]),
    ])
    .filter((constant) => constant > 0);
  const tallest = TALLEST * Math.max(...always);
  const crowded = constants.some((constant) => constant > tallest);
  const [low, high] = paddedDomain([...always, ...constants.filter((constant) => constant <= tallest)], 1.5);
  // Room for the arrows and their values.
  const yDomain = [low, crowded ? 2 * high : high] as const;
  return {
    layout,
    x: logScale(xDomain, [layout.marginLeft, layout.width - layout.marginRight]),
    y: logScale(yDomain, [layout.height - layout.marginBottom, layout.marginTop]),
    offScale: (constant) => constant > yDomain[1],
  };
}
