// What theorems prove about the size that a robust fit needs, hypothesis by hypothesis: usually nothing, at the sizes of today.
import { sharperBound, sharperParameters, universalLaw, universalLawParameters } from '../law/index.ts';
import type { NoiseLevel } from '../noise/index.ts';

/** One theorem's word on P, with its hypotheses. */
export interface ProvenSize {
  readonly theorem: string;
  /** A class of fewer parameters has no such fit: proven where all hypotheses hold, else 0. */
  readonly parameters: number;
  /** The formula of the theorem, hypotheses aside. */
  readonly formula: number;
  readonly lights: readonly {
    readonly name: string;
    readonly statement: string;
    readonly holds: boolean;
    readonly assumed: boolean;
  }[];
}

/** What the theorems are asked about, in the scale of the law. */
export interface ProvenQuestion {
  readonly n: number;
  readonly d: number;
  /** The dimension that concentration gives: c = d / concentration. */
  readonly concentration: number;
  /** The wanted constant, labels in [-1, 1] and data of norm about 1. */
  readonly lipschitz: number;
  /** Squared error summed over the outputs, times this, is that of the output that counts, with labels in [-1, 1]. */
  readonly outputScale: number;
  readonly noise: NoiseLevel | null;
}

/** Probability with which the theorems may fail. */
const DELTA = 0.05;
/** Diameter of the parameter set and Lipschitz constant of parameters -> function, for the sharper bound. */
const W = 100;
const LOG_J = Math.log(1e6);

/**
 * Theorem 3 of Bubeck and Sellke (2021) and the sharper bound for pure noise. In Theorem 3 log(60 W J / epsilon) is taken as 1,
 * less than any class has, so that its formula is as large as it could ever be; epsilon is the lower end of the noise, or
 * 1 where that is 0.
 */
export function provenSizes(question: ProvenQuestion): readonly ProvenSize[] {
  return [byTheorem3(question), bySharperBound(question)];
}

function byTheorem3({ n, d, concentration, lipschitz, outputScale, noise }: ProvenQuestion): ProvenSize {
  const sigma2 = Math.min(1, outputScale * (noise?.level.value ?? 0));
  const low = Math.min(1, outputScale * (noise?.level.interval[0] ?? 0));
  const epsilon = low > 0 ? low : 1;
  const setting = { n, d, epsilon, delta: DELTA, c: d / concentration, k: 1, noiseVariance: sigma2 };
  const flattering = { p: 1, W: 1, logJ: 1 - Math.log(60 / epsilon) };
  const formula = universalLawParameters(setting, flattering.W, flattering.logJ, lipschitz);
  const { hypotheses } = universalLaw(setting, flattering);
  const lights = hypotheses.map(({ name, statement, holds, assumed }) =>
    name === 'parametrised class'
      ? {
          name,
          statement: `${statement}; which class it will be is open, and the formula flatters with log(60 W J / epsilon) = 1`,
          holds: false,
          assumed: false,
        }
      : { name, statement, holds, assumed },
  );
  return {
    theorem: 'Theorem 3 of Bubeck and Sellke (2021)',
    parameters: lights.every(({ holds }) => holds) ? formula : 0,
    formula,
    lights,
  };
}

function bySharperBound({ n, concentration, lipschitz, outputScale, noise }: ProvenQuestion): ProvenSize {
  const setting = { n, concentration, epsilon: 1, delta: DELTA, k: 1 };
  const formula = sharperParameters(setting, W, LOG_J, lipschitz);
  const { hypotheses } = sharperBound(setting, { p: Math.max(1, formula), W, logJ: LOG_J });
  const pure = Math.min(1, outputScale * (noise?.level.interval[0] ?? 0)) >= 1;
  const lights = hypotheses.map(({ name, statement, holds, assumed }) =>
    name === 'pure noise'
      ? { name, statement, holds: pure, assumed: false }
      : { name, statement, holds, assumed },
  );
  return {
    theorem: 'the sharper bound for labels that are pure noise, W = 100, J = 10^6',
    parameters: lights.every(({ holds }) => holds) ? formula : 0,
    formula,
    lights,
  };
}
