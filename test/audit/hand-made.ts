// An audit written by hand, valid by the schema, whose parts tests replace.
import { type AuditResult, auditSchema, type Ensemble, type PointRobustness } from '../../src/audit/index.ts';

type Parts = Partial<AuditResult>;

const DESCRIPTION = {
  name: 'points',
  source: 'made up',
  sha256: '00',
  points: 10,
  features: 4,
  shape: [4],
  bounds: null,
  preprocessing: [],
  warnings: [],
};

/** Ten points of which eight are right. */
export function handMade(parts: Parts = {}): AuditResult {
  return auditSchema.parse({
    schema: 'robustlaw.audit/1',
    version: '0',
    verdict: [],
    model: {
      file: 'm.onnx',
      sha256: '00',
      input: 'x',
      output: 'y',
      parameterCount: 100,
      task: { kind: 'classification', classes: 2 },
      notes: [],
    },
    data: DESCRIPTION,
    training: null,
    settings: { seed: 0, rows: Array.from({ length: 10 }, (_, i) => i), timeLimit: null },
    accuracy: {
      status: 'done',
      seconds: 1,
      value: { all: { points: 10, correct: 8 }, classes: [], meanSquaredError: null },
    },
    robustness: [
      { norm: 'linf', result: { status: 'done', seconds: 1, value: robustnessOf('linf', [ensemble()]) } },
    ],
    lipschitz: {
      status: 'done',
      seconds: 1,
      value: [
        {
          norm: 'l2',
          domain: 'the whole space',
          lower: { method: 'ascent', kind: 'lower', value: 3 },
          upper: { method: 'product', kind: 'upper', value: 5 },
          answers: [],
        },
        {
          norm: 'l2',
          domain: 'the ball of radius 1 around row 0',
          lower: { method: 'ascent', kind: 'lower', value: 2 },
          upper: { method: 'product', kind: 'upper', value: 4 },
          answers: [],
        },
      ],
    },
    stability: [{ norm: 'linf', certified: 0.05, found: 0.2, median: [0.04, 0.15] }],
    memorization: {
      status: 'done',
      seconds: 1,
      value: {
        data: 'points',
        points: 10,
        loss: { name: 'squared error of the scores', value: 0.01 },
        noise: {
          level: { value: 0.1, interval: [0.05, 0.15], confidence: 0.95, method: 'hand' },
          source: 'hand',
        },
        fitsBelowNoise: 'yes',
        perfect: { points: 10, correct: 8 },
        flipped: { rows: 4, memorized: 3, chance: 0.1 },
        suspicious: [],
      },
    },
    law: {
      status: 'done',
      seconds: 1,
      value: {
        n: 10,
        d: 4,
        parameterCount: 100,
        dimensions: [dimension('features', 4, [4, 4]), dimension('stable rank', 2, [1, 4])],
        certified: { theorem: 'Theorem 3', value: 0, formula: 0.01, lights: [] },
        measured: { lower: 1, upper: 2, scaling: 'by hand' },
        sentence: 'This is what the law says.',
      },
    },
    images: [],
    findings: [],
    requirements: [],
    ...parts,
  });
}

function dimension(name: string, value: number, interval: [number, number]) {
  return {
    name,
    dimension: { value, interval, confidence: 0.95, method: 'hand' },
    meaning: '',
    scale: Math.sqrt((10 * value) / 100),
    robustParameters: 10 * value,
    ratio: 100 / (10 * value),
  };
}

/** Eight right rows of which six withstood all attacks at 0.1 and three are proven. */
export function ensemble(parts: Partial<Ensemble> = {}): Ensemble {
  return {
    radius: 0.1,
    stages: [stage()],
    correct: 8,
    robust: 6,
    notAttacked: 0,
    certified: 3,
    ...parts,
  };
}

export function stage(parts: Partial<Ensemble['stages'][number]> = {}): Ensemble['stages'][number] {
  return {
    attack: 'apgd-ce',
    status: 'done',
    attacked: 8,
    broken: 2,
    notAttacked: 0,
    robustAfter: 6,
    seconds: 1,
    ...parts,
  };
}

/** Rows 0 to 7 are right; 0 to 2 are proven to 0.1, 6 and 7 broken at 0.05, 3 to 5 at 0.2. */
export function robustnessOf(norm: 'l1' | 'l2' | 'linf', ensembles: Ensemble[]) {
  const points = Array.from({ length: 10 }, (_, row): PointRobustness => {
    const distance = row >= 8 ? 0 : row >= 6 ? 0.05 : 0.2;
    return {
      row,
      label: [0],
      correct: row < 8,
      certified: { radius: row < 3 ? 0.1 : 0, method: 'hand' },
      found: row < 3 ? null : { distance, attack: 'apgd-ce', prediction: [1], example: row },
    };
  });
  return { norm, points, ensembles, nearest: stage({ attack: 'fab' }), examples: null };
}
