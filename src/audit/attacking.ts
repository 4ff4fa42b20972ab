// All attacks in one norm: the standard ensemble at every radius, then the search for the nearest example of every row.
import { minimumNorm, standardEnsemble } from '../attacks/index.ts';
import type { Budget } from './budget.ts';
import { broken } from './found.ts';
import type { AttackStage } from './result.ts';
import { attackRows, type Campaign } from './stages.ts';

/** Rows of one job: enough to fill a batch, few enough to keep several processes busy. A part of what results depend on. */
const CHUNK = 64;
/**
 * Multiplications and additions of one evaluation of the model at all rows of one search for nearest examples, which makes
 * thousands of them: a job of seconds, so that one sees it go on.
 */
const SEARCH_WORK = 2e6;

const ENSEMBLE = standardEnsemble().map(({ name }) => name);

/** The parts of a budget that attackNorm() begins. */
export function attackWeights(radii: number): number[] {
  return [...Array.from({ length: radii * ENSEMBLE.length }, () => 10 / ENSEMBLE.length), 10];
}

/** Rows of one search for nearest examples, for a model of so much work per row. A part of what results depend on. */
export function rowsOfSearch(work: number): number {
  return Math.min(CHUNK, Math.max(1, Math.floor(SEARCH_WORK / work)));
}

/** What the ensemble did at one radius. */
export interface Assault {
  readonly radius: number;
  readonly stages: readonly AttackStage[];
  /** Positions of rows that some attack had no time for, or failed on. */
  readonly notAttacked: ReadonlySet<number>;
}

export interface Attacked {
  readonly assaults: readonly Assault[];
  readonly nearest: AttackStage;
}

/**
 * Attacks every row that the model gets right, by the protocol of AutoAttack: worst case over the ensemble, and only rows
 * still robust are attacked further. Radii come smallest first, as an example at one of them is one at all larger ones.
 *
 * @param work multiplications and additions of one evaluation of the model at one row.
 */
export async function attackNorm(
  campaign: Omit<Campaign, 'observe'>,
  radii: readonly number[],
  work: number,
  budget: Budget,
  observe: (attack: string, radius: number, done: number, total: number) => void,
): Promise<Attacked> {
  const { nearest, rows } = campaign;
  const correct = rows.ids.map((_, i) => i).filter((i) => rows.correct[i]);
  const assaults: Assault[] = [];
  const run = (attack: string, radius: number, positions: readonly number[], size: number) => {
    const told = (done: number, total: number) => observe(attack, radius, done, total);
    return attackRows({ ...campaign, observe: told }, attack, radius, positions, size, budget.begin());
  };
  for (const radius of radii) {
    const stages: AttackStage[] = [];
    const missed = new Set<number>();
    for (const attack of ENSEMBLE) {
      const robust = correct.filter((i) => !broken(nearest, i, radius));
      const { stage, notAttacked } = await run(attack, radius, robust, CHUNK);
      stages.push(stage);
      for (const position of notAttacked) missed.add(position);
    }
    assaults.push({ radius, stages, notAttacked: missed });
  }
  const { stage } = await run(minimumNorm.name, Number.POSITIVE_INFINITY, correct, rowsOfSearch(work));
  return { assaults, nearest: stage };
}
