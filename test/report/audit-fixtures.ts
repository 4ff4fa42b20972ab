// Synthetic audits: the shape and the magnitudes of real ones, made in a moment, and their awkward relatives.
import { AUDIT_SCHEMA, type AuditImage, type AuditResult, auditSchema } from '../../src/audit/index.ts';
import { opticalDigits } from '../../src/data/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { type Rng, rng, uniform } from '../../src/random/index.ts';

type Robustness = Extract<AuditResult['robustness'][number]['result'], { status: 'done' }>['value'];
type Point = Robustness['points'][number];

const ROOT = rng('audit fixtures');
const HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

/** Everything at once, on pictures of digits. */
export function completeAudit(points = 500): AuditResult {
  return auditSchema.parse({
    schema: AUDIT_SCHEMA,
    version: '0.2.0',
    verdict: [
      'Of 500 test points 482 are right; at radius 0.1 (\u2113\u221E) no more than 12.4 % stay right under attack, and 0 % are proven.',
      'The model has 0.44 times the parameters that a robust fit of these data needs by the law.',
      'One critical finding: the attacks could not rely on gradients everywhere.',
    ],
    model: {
      file: 'digits-mlp.onnx',
      sha256: HASH,
      input: 'x: float32 [1, 8, 8]',
      output: 'scores: float32 [10]',
      parameterCount: 50_890,
      task: { kind: 'classification', classes: 10 },
      notes: ['left out: Dropout in inference is the identity'],
    },
    data: dataset(points),
    training: { ...dataset(1297), name: 'digits, training rows', source: 'data/train.npy' },
    settings: { seed: 7, rows: Array.from({ length: points }, (_, row) => row), timeLimit: 600 },
    accuracy: { status: 'done', seconds: 0.02, value: accuracy(points) },
    robustness: [
      {
        norm: 'linf',
        result: { status: 'done', seconds: 61.2, value: robustness('linf', points, 0.09, [0.05, 0.1]) },
      },
      {
        norm: 'l2',
        result: {
          status: 'partial',
          seconds: 120,
          reason:
            'the time limit of 120 seconds ended the ensemble at radius 1 during Square; 41 rows were not attacked in full',
          value: robustness('l2', points, 0.6, [0.5, 1], 41),
        },
      },
      { norm: 'l1', result: { status: 'done', seconds: 88.1, value: robustness('l1', points, 2.2, [2]) } },
    ],
    lipschitz: { status: 'done', seconds: 12.5, value: lipschitz() },
    stability: [
      { norm: 'linf', certified: 0.0121, found: 0.0934, median: [0.0102, 0.0871] },
      { norm: 'l2', certified: 0.193, found: 0.641, median: [0.181, 0.602] },
      { norm: 'l1', certified: 0.193, found: null, median: [0.181, null] },
    ],
    memorization: {
      status: 'done',
      seconds: 1.5,
      value: {
        data: 'the training data',
        points: 1297,
        loss: { name: 'mean squared error of the class probabilities', value: 0.0021 },
        noise: {
          level: { value: 0.031, interval: [0.022, 0.041], confidence: 0.95, method: 'nearest neighbours' },
          source: 'estimated from the data',
        },
        fitsBelowNoise: 'yes',
        perfect: { points: 1297, correct: 1291 },
        flipped: { rows: 64, memorized: 60, chance: 0.1 },
        suspicious: [
          {
            row: 3,
            label: 3,
            suggested: 5,
            score: 4.31,
            reason: 'its 10 nearest neighbours have another label',
          },
          { row: 77, label: 8, suggested: 1, score: 2.05, reason: 'the loss is 14 times the median' },
        ],
      },
    },
    law: { status: 'done', seconds: 3.1, value: law() },
    images: images(),
    findings: [
      {
        id: 'zero-gradients',
        severity: 'critical',
        title: 'Gradients vanish at 214 of 500 points',
        explanation:
          'Attacks that follow gradients see nothing there, so the robust accuracy from above is likely too high. Give the model without its last softmax, or look at the black-box attacks.',
        evidence: { points: 214, of: 500, 'largest gradient': 1.2e-12 },
      },
      {
        id: 'input-range',
        severity: 'warning',
        title: 'The data reach 16, the model was trained on [0, 1]',
        explanation: 'Divide the data by 16, or say the range.',
        evidence: { least: 0, greatest: 16 },
      },
      {
        id: 'few-rows',
        severity: 'info',
        title: 'Shares of 500 rows carry a sampling error of about 2 %',
        explanation: 'Test more rows for a finer number.',
        evidence: {},
      },
    ],
    requirements: [
      { text: 'robust-accuracy(linf, 0.05) >= 0.5', measured: 'between 0.02 and 0.716', met: false },
      { text: 'accuracy >= 0.95', measured: '0.964', met: true },
    ],
  });
}

/** Nothing could be measured. */
export function failedAudit(): AuditResult {
  const failed = { status: 'failed', seconds: 2.5, reason: 'the runtime was killed by signal 11' } as const;
  return auditSchema.parse({
    ...completeAudit(20),
    verdict: ['Nothing could be measured: the model brings the runtime down.'],
    training: null,
    accuracy: failed,
    robustness: [{ norm: 'linf', result: failed }],
    lipschitz: failed,
    stability: [],
    memorization: { status: 'skipped', reason: 'the accuracy could not be measured' },
    law: { status: 'skipped', reason: 'the accuracy could not be measured' },
    images: [],
    findings: [],
    requirements: [],
  });
}

/** A table with numbers to predict, and no pictures. */
export function regressionAudit(): AuditResult {
  const base = completeAudit(60);
  const key = ROOT.split('regression');
  const points = Array.from({ length: 60 }, (_, row): Point => {
    const found = 0.2 + uniform(key.split(row), 1)[0]!;
    return {
      row,
      label: [row / 10, -1.5],
      correct: row % 9 !== 0,
      certified: { radius: row % 9 === 0 ? 0 : found / 5, method: 'interval bounds' },
      found: { distance: found, attack: 'minimum-norm', prediction: [row / 10 + 0.6, -1.4], example: row },
    };
  });
  return auditSchema.parse({
    ...base,
    model: {
      ...base.model,
      file: 'houses.onnx',
      input: 'x: float32 [13]',
      output: 'y: float32 [2]',
      task: { kind: 'regression', outputs: 2, tolerance: 0.5 },
    },
    data: {
      ...base.data,
      name: 'houses.csv',
      features: 13,
      shape: [13],
      classNames: undefined,
      bounds: null,
    },
    training: null,
    accuracy: {
      status: 'done',
      seconds: 0.1,
      value: { all: { points: 60, correct: 53 }, classes: [], meanSquaredError: 0.0912 },
    },
    robustness: [
      {
        norm: 'l2',
        result: {
          status: 'done',
          seconds: 4,
          value: { norm: 'l2', points, ensembles: [], nearest: stage('FMN', 53, 53), examples: null },
        },
      },
    ],
    images: [4, 5].map((row) => {
      const original = Float32Array.from({ length: 13 }, (_, feature) => feature - 6);
      const adversarial = original.map(
        (value, feature) => value + (feature % 3 === 0 ? 0.1 * (feature - 5) : 0),
      );
      return {
        row,
        norm: 'l2',
        attack: 'minimum-norm',
        distance: 1.02,
        label: [0.4, -1.5],
        before: { prediction: [0.41, -1.49], confidence: null },
        after: { prediction: [1.01, -1.4], confidence: null },
        original: base64(original),
        adversarial: base64(adversarial),
      };
    }),
  });
}

/** Every text that comes from outside tries to become markup. */
export function hostileAudit(): AuditResult {
  const attack = '</title><script>alert(1)</script><img src=x onerror=alert(2)>"\'&\u202E';
  const base = completeAudit(40);
  const hostile = (value: unknown, path: string): unknown => {
    if (typeof value === 'string') return KEPT.test(path) ? value : `${attack} ${path}`;
    if (Array.isArray(value)) return value.map((one) => hostile(one, path));
    if (value !== null && typeof value === 'object') {
      return Object.fromEntries(
        Object.entries(value).map(([name, one]) => [
          path.endsWith('evidence') ? `${attack} ${name}` : name,
          hostile(one, `${path}.${name}`),
        ]),
      );
    }
    return value;
  };
  return auditSchema.parse(hostile(base, ''));
}

/** Data without a single row. */
export function emptyAudit(): AuditResult {
  const base = completeAudit(1);
  const nothing = (norm: Norm): AuditResult['robustness'][number] => ({
    norm,
    result: {
      status: 'done',
      seconds: 0,
      value: { norm, points: [], ensembles: [], nearest: stage('FMN', 0, 0), examples: null },
    },
  });
  return auditSchema.parse({
    ...base,
    verdict: [],
    data: { ...base.data, points: 0 },
    training: null,
    settings: { seed: 0, rows: [], timeLimit: null },
    accuracy: {
      status: 'done',
      seconds: 0,
      value: { all: { points: 0, correct: 0 }, classes: [], meanSquaredError: null },
    },
    robustness: [nothing('linf'), nothing('l2')],
    lipschitz: { status: 'done', seconds: 0, value: [] },
    stability: [],
    memorization: { status: 'skipped', reason: 'no points' },
    law: { status: 'skipped', reason: 'no points' },
    images: [],
    findings: [],
    requirements: [],
  });
}

export function base64(values: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(4 * values.length));
  for (const [index, value] of values.entries()) bytes.setFloat32(4 * index, value, true);
  return Buffer.from(bytes.buffer).toString('base64');
}

/** Values of the schema that are no free text: enumerations, the schema's name, pictures. */
const KEPT = /^\.schema$|\.(status|severity|kind|norm|fitsBelowNoise|original|adversarial)$/;

function dataset(points: number): AuditResult['data'] {
  return {
    name: 'digits',
    source: 'data/test.npy',
    sha256: HASH,
    points,
    features: 64,
    shape: [1, 8, 8],
    classNames: ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'],
    bounds: [0, 1],
    preprocessing: ['divide by 16'],
    warnings: ['the range [0, 1] was guessed from the data'],
  };
}

function accuracy(points: number) {
  const classes = Array.from({ length: 10 }, (_, label) => {
    const members = Math.floor((points + 9 - label) / 10);
    return { points: members, correct: members - Math.min(members, label % 4) };
  });
  return {
    all: { points, correct: classes.reduce((sum, { correct }) => sum + correct, 0) },
    classes,
    meanSquaredError: null,
  };
}

function robustness(
  norm: Norm,
  count: number,
  typical: number,
  radii: readonly number[],
  notAttacked = 0,
): Robustness {
  const points = Array.from({ length: count }, (_, row) =>
    randomPoint(ROOT.split(norm).split(row), row, norm, typical),
  );
  const correct = points.filter((point) => point.correct);
  return {
    norm,
    points,
    ensembles: radii.map((radius) => {
      const robust = correct.filter(({ found }) => found === null || found.distance > radius).length;
      const missing = radius === radii.at(-1) ? Math.min(notAttacked, robust) : 0;
      return {
        radius,
        stages: [
          stage('APGD-CE', correct.length, correct.length - robust - 4),
          stage('APGD-DLR, targeted', robust + 4, 3),
          stage('FAB, targeted', robust + 1, 1),
          missing > 0
            ? {
                ...stage('Square', robust - missing, 0),
                status: 'stopped' as const,
                notAttacked: missing,
                robustAfter: robust,
                reason: 'time',
              }
            : stage('Square', robust, 0),
        ],
        correct: correct.length,
        robust,
        notAttacked: missing,
        certified: correct.filter(({ certified }) => certified.radius >= radius).length,
      };
    }),
    nearest: stage('minimum-norm', correct.length, correct.filter(({ found }) => found !== null).length),
    examples: `examples-${norm}.npy`,
  };
}

function stage(
  attack: string,
  attacked: number,
  broken: number,
): Robustness['ensembles'][number]['stages'][number] {
  return {
    attack,
    status: 'done',
    attacked: Math.max(0, attacked),
    broken: Math.max(0, broken),
    notAttacked: 0,
    robustAfter: Math.max(0, attacked - broken),
    seconds: 3.21,
  };
}

/** Distances as of a trained network: around `typical`, certificates at a fraction of them. */
function randomPoint(key: Rng, row: number, norm: Norm, typical: number): Point {
  const [u = 0, v = 0, w = 0] = uniform(key, 3);
  const correct = u > 0.036;
  const distance = correct ? typical * Math.exp(1.1 * (v + w - 1)) * (0.4 + u) : 0;
  const none = norm === 'l1' && row % 13 === 0;
  return {
    row,
    label: [row % 10],
    correct,
    certified: { radius: correct ? distance * (0.08 + 0.5 * w * w) : 0, method: 'linear bounds' },
    found: none
      ? null
      : {
          distance,
          attack: v > 0.5 ? 'APGD-CE' : 'minimum-norm',
          prediction: [(row + 3) % 10],
          example: row,
        },
  };
}

function lipschitz() {
  const of = (norm: Norm, domain: string, lower: number, upper: number) => ({
    norm,
    domain,
    lower: { method: 'gradient ascent', kind: 'lower' as const, value: lower },
    upper: { method: 'LipSDP-Neuron', kind: 'upper' as const, value: upper },
    answers: [
      {
        method: 'product',
        bounds: [{ method: 'product of norms', kind: 'upper' as const, value: 2.3 * upper }],
        seconds: 0.01,
      },
      {
        method: 'LipSDP',
        bounds: [{ method: 'LipSDP-Neuron', kind: 'upper' as const, value: upper }],
        seconds: 8.1,
      },
      { method: 'cells', bounds: [], note: 'takes up to 128 neurons', seconds: 0 },
      {
        method: 'ascent',
        bounds: [{ method: 'gradient ascent', kind: 'lower' as const, value: lower }],
        seconds: 2.2,
      },
    ],
  });
  return [
    of('l2', 'the whole space', 17.3, 24.7),
    of('linf', 'the whole space', 61.2, 301),
    of('l2', 'ball of radius 0.5 around row 3', 9.8, 11.2),
    of('l2', 'ball of radius 0.5 around row 77', 12.1, 15),
    { ...of('l2', 'ball of radius 0.5 around row 120', 10.1, 15), upper: null },
  ];
}

function law() {
  const [n, parameterCount] = [1297, 50_890];
  const dimension = (name: string, value: number, low: number, high: number, meaning: string) => ({
    name,
    dimension: { value, interval: [low, high], confidence: 0.95, method: 'bootstrap over rows' },
    meaning,
    scale: Math.sqrt((n * value) / parameterCount),
    robustParameters: n * value,
    ratio: parameterCount / (n * value),
  });
  return {
    n,
    d: 64,
    parameterCount,
    dimensions: [
      dimension('coordinates', 64, 64, 64, 'if the data filled all coordinates'),
      dimension('stable rank', 8.2, 7.7, 8.8, 'a linear upper bound of the dimension of concentration'),
      dimension('memorization dimension', 17, 12, 26, 'the sphere on which memorizing is as hard'),
    ],
    certified: {
      theorem: 'Theorem 3 of Bubeck and Sellke',
      value: 0,
      formula: 0.0031,
      lights: [
        { name: 'noise', statement: 'the labels have noise of variance > 0', holds: true, assumed: false },
        { name: 'isoperimetry', statement: 'the data satisfy isoperimetry', holds: true, assumed: true },
        { name: 'size', statement: 'P log(\u2026) \u2264 n d / \u2026', holds: false, assumed: false },
      ],
    },
    measured: { lower: 17.3, upper: 24.7, scaling: 'per unit of the typical distance of points' },
    sentence:
      'This model has 0.61 times the parameters that a robust fit of these data needs by the law; expect no robust fit at this size, whatever the training.',
  };
}

function images(): AuditImage[] {
  const digits = opticalDigits();
  return [3, 12, 77, 140].map((row) => {
    const original = Float32Array.from({ length: 64 }, (_, pixel) => Number(digits.x[64 * row + pixel]));
    const noise = uniform(ROOT.split('image').split(row), 64);
    const adversarial = original.map((value, pixel) =>
      Math.min(1, Math.max(0, value + (noise[pixel]! > 0.5 ? 0.1 : -0.1))),
    );
    return {
      row,
      norm: 'linf',
      attack: 'APGD-CE',
      distance: 0.1,
      label: [row % 10],
      before: { prediction: [row % 10], confidence: 0.9876 },
      after: { prediction: [(row + 5) % 10], confidence: 0.61 },
      original: base64(original),
      adversarial: base64(adversarial),
    };
  });
}
