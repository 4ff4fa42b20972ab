// All attacks in one norm: the standard ensemble at every radius, then the search for the nearest example of every row.
import { minimumNorm, standardEnsemble } from '../attacks/index.ts';
import type { Budget } from './budget.ts';
import { broken } from './found.ts';
import type { AttackStage } from './result.ts';
import { attackRows, type Campaign } from './stages.ts';

const ENSEMBLE = standardEnsemble().map(({ name }) => name);

/** The parts of a budget that attackNorm() begins. */
export function attackWeights(radii: number): number[] {
  return [...Array.from({ length: radii * ENSEMBLE.length }, () => 10 / ENSEMBLE.length), 10];
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
 */
export async function attackNorm(
  campaign: Omit<Campaign, 'observe'>,
  radii: readonly number[],
  budget: Budget,
  observe: (attack: string, radius: number, done: number, total: number) => void,
): Promise<Attacked> {
  const { nearest, rows } = campaign;
  const correct = rows.ids.map((_, i) => i).filter((i) => rows.correct[i]);
  const assaults: Assault[] = [];
  const run = (attack: string, radius: number, positions: readonly number[]) => {
    const told = (done: number, total: number) => observe(attack, radius, done, total);
    return attackRows({ ...campaign, observe: told }, attack, radius, positions, budget.begin());
  };
  for (const radius of radii) {
    const stages: AttackStage[] = [];
    const missed = new Set<number>();
    for (const attack of ENSEMBLE) {
      const robust = correct.filter((i) => !broken(nearest, i, radius));
      const { stage, notAttacked } = await run(attack, radius, robust);
      stages.push(stage);
      for (const position of notAttacked) missed.add(position);
    }
    assaults.push({ radius, stages, notAttacked: missed });
  }
  const { stage } = await run(minimumNorm.name, Number.POSITIVE_INFINITY, correct);
  return { assaults, nearest: stage };
}
