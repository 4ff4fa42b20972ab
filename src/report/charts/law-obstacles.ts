// What a label of the chart of the law should not cover.
import { alongLine, type Box, type Point } from './labels.ts';
import type { LawChartData } from './law-data.ts';
import { barsWidth, type LawFrame } from './law-frame.ts';
import type { OffScale } from './off-scale.ts';

/** Everything drawn that a label should not cover. */
export function obstacles(data: LawChartData, arrows: readonly OffScale[], frame: LawFrame): Box[] {
  const { x, y, layout } = frame;
  const at = (parameterCount: number, constant: number): Point => [
    x.apply(parameterCount),
    y.apply(constant),
  ];
  const across = (constantAt: (parameterCount: number) => number): readonly Point[] =>
    x.domain.map((parameterCount) => at(parameterCount, constantAt(parameterCount)));
  const up = (parameterCount: number, from: number, to: number): readonly [Point, Point] => [
    at(parameterCount, inDomain(from, y.domain)),
    at(parameterCount, inDomain(to, y.domain)),
  ];
  const optimum = data.mcShane?.median;
  const lines = [
    across((parameterCount) => Math.sqrt((data.n * data.d) / parameterCount)),
    ...(optimum ? [across(() => optimum)] : []),
    ...[data.n, data.n * data.d].map((size) => up(size, ...y.domain)),
    ...data.families.flatMap(({ exact, classBounds }) => [
      exact.map((mark) => at(mark.parameterCount, mark.constant.median)),
      classBounds.map((mark) => at(mark.parameterCount, mark.bound)),
    ]),
  ];
  const dots = data.families.flatMap(({ exact, uppers, lowers }) => [
    ...exact.map((mark) => at(mark.parameterCount, mark.constant.median)),
    ...[...uppers, ...lowers].map((mark) => at(mark.parameterCount, mark.bound.median)),
  ]);
  const columns = data.families.flatMap(({ bars }) =>
    bars.map((bar) => {
      const [[centre, bottom], [, top]] = up(bar.parameterCount, bar.lower, bar.upper);
      const half = barsWidth(layout) / 2;
      return { left: centre - half, right: centre + half, top: top - 2, bottom: bottom + 2 };
    }),
  );
  const boxes = [
    ...columns,
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

function inDomain(value: number, [low, high]: readonly [number, number]): number {
  return Math.min(Math.max(value, low), high);
}
