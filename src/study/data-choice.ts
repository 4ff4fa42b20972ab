// One data set of a study, and the numbers it stands for.
import { type Dataset, datasetOf, normalize, type ResolvedDatasetSpecification } from '../data/index.ts';
import type { Rng } from '../random/index.ts';

/** One data set, as plain data: a resolved specification of the data folder and whether to bring it to the law's scale. */
export interface DataChoice {
  /** `sphere n=1000 d=500`: the name in the study file, with n and d where the file lists several. */
  readonly label: string;
  /** The name in the study file. */
  readonly name: string;
  readonly specification: ResolvedDatasetSpecification;
  readonly normalize: boolean;
}

/** The data set of a choice: a function of choice and key. */
export function makeChoice(choice: DataChoice, rng: Rng): Dataset {
  const dataset = datasetOf(choice.specification, rng);
  return choice.normalize ? normalize(dataset) : dataset;
}
