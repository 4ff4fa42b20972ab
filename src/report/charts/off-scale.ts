// Constants beyond the top of the chart of the law: an arrow each, with its value.
import { shorten } from '../html.ts';
import { significant } from '../number.ts';
import type { FamilyMarks, LawChartData } from './law-data.ts';
import type { LawFrame } from './law-frame.ts';

export interface OffScale {
  readonly family: FamilyMarks;
  /** Pixels from the left. */
  readonly x: number;
  /** `2.31 × 10⁸`, with the guarantee's sign where the value is a bound. */
  readonly value: string;
  /** The family's name, where no other mark carries it. */
  readonly name?: string;
}

/** One arrow for each family and P that has something beyond the top. */
export function offScaleArrows(data: LawChartData, frame: LawFrame): readonly OffScale[] {
  return data.families.flatMap((family) => {
    const arrows = familyArrows(family, frame);
    if (hasMarkInScale(family, frame)) return arrows;
    const name = shorten(family.style.family, frame.layout.compact ? 20 : 32);
    return arrows.map((arrow, index) => (index === 0 ? { ...arrow, name } : arrow));
  });
}

function hasMarkInScale({ exact, bars, uppers, lowers }: FamilyMarks, { offScale }: LawFrame): boolean {
  return (
    exact.some(({ constant }) => !offScale(constant.median)) ||
    bars.some(({ lower }) => !offScale(lower)) ||
    [...uppers, ...lowers].some(({ bound }) => !offScale(bound.median))
  );
}

function familyArrows(family: FamilyMarks, frame: LawFrame): OffScale[] {
  const { exact, bars, uppers, lowers } = family;
  const { x, offScale } = frame;
  const barsByP = Map.groupBy(
    bars.filter((bar) => offScale(bar.upper)),
    (bar) => bar.parameterCount,
  );
  return [
    ...exact
      .filter(({ constant }) => offScale(constant.median))
      .map(({ parameterCount, constant }) => ({
        family,
        x: x.apply(parameterCount),
        value: significant(constant.median),
      })),
    ...uppers
      .filter(({ bound }) => offScale(bound.median))
      .map(({ parameterCount, bound }) => ({
        family,
        x: x.apply(parameterCount),
        value: `\u2264\u202F${significant(bound.high, 'up')}`,
      })),
    ...lowers
      .filter(({ bound }) => offScale(bound.median))
      .map(({ parameterCount, bound }) => ({
        family,
        x: x.apply(parameterCount),
        value: `\u2265\u202F${significant(bound.low, 'down')}`,
      })),
    ...Array.from(barsByP, ([parameterCount, beyond]) => {
      const lowest = Math.min(...beyond.map((bar) => bar.lower));
      const highest = Math.max(...beyond.map((bar) => bar.upper));
      // Where all of the bar is beyond, what is witnessed says most.
      const value = offScale(lowest)
        ? `\u2265\u202F${significant(lowest, 'down')}`
        : `\u2264\u202F${significant(highest, 'up')}`;
      return { family, x: x.apply(parameterCount), value };
    }),
  ];
}
