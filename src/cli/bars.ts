// Bounds as bars of text: from the best witness to each certificate, on one logarithmic axis.
import type { LipschitzMeasurement } from '../guarantee/index.ts';
import { figure } from './table.ts';

/** How each kind of number stands to the truth. */
export const RELATIONS = { exact: '=', upper: '≤', lower: '≥' } as const;

/** Characters of a bar. */
const WIDTH = 44;

/**
 * One line for each finite bound: `●` where a witness stands, `┃` where a certificate does, the unknown between the best
 * witness and the certificate filled with `━`. A last line names both ends of the axis. Empty without two positive bounds.
 */
export function bars({ lower, answers }: LipschitzMeasurement): string[] {
  const bounds = answers
    .flatMap(({ guarantees }) => guarantees)
    .filter(({ value }) => value > 0 && Number.isFinite(value));
  const values = bounds.map(({ value }) => value);
  const [from, to] = [Math.min(...values), Math.max(...values)];
  if (bounds.length < 2) return [];
  const column = (value: number) =>
    to > from ? Math.round(((WIDTH - 1) * Math.log(value / from)) / Math.log(to / from)) : 0;
  const width = Math.max(...bounds.map(({ method }) => method.length));
  const best = lower && lower.value > 0 ? column(lower.value) : 0;
  const lines = bounds.map(({ kind, method, value }) => {
    const end = column(value);
    const cells = new Array<string>(WIDTH).fill(' ');
    if (kind === 'lower') cells[end] = '●';
    else {
      cells.fill('━', Math.min(best, end), end);
      cells[end] = '┃';
    }
    return `${method.padEnd(width)}  ${cells.join('')}  ${RELATIONS[kind]} ${figure(value, 6)}`;
  });
  const ends = [figure(from, 4), figure(to, 4)] as const;
  return [...lines, `${' '.repeat(width)}  ${ends[0]}${ends[1].padStart(WIDTH - ends[0].length)}`];
}
