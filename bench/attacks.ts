// PGD-40, APGD-100 and Square (500 queries) on an MLP and a CNN, beside the same algorithms in PyTorch on the same weights and points, one thread
// each, in the same run: `node bench/attacks.ts [--points N] [--rounds N] [--cpu] [--json]`. Trained here on MNIST where
// ROBUSTLAW_MNIST names its folder, else on the embedded 8x8 digits. The engines take turns; times are medians over the
// rounds, the ratio is the median of PyTorch's time by ours.
//
// The same in both: weights, points, radii, element type, step sizes and checkpoints, the random starts of PGD and APGD, and
// what comes back. Robust accuracies of these two are equal up to rounding. Not the same: Square draws other random numbers, and
// ours tries no square that would change nothing.
//
// The published attacks go on with points that are broken; ours leaves them alone, which changes no result. The ratio is against
// the published form; the last column is against PyTorch that leaves them, too.
// --cpu measures processor time, which a busy machine disturbs less; ours includes the threads of the garbage collector.
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Attack,
  apgd,
  argmax,
  createThreat,
  createVictim,
  crossEntropy,
  oneHot,
  pgd,
  type Samples,
  square,
  type Victim,
  wrong,
} from '../src/attacks/index.ts';
import { randomStarts } from '../src/attacks/steps.ts';
import { classCount, type Dataset, oneHotLabels, opticalDigits, readDataset } from '../src/data/index.ts';
import { writeWhole } from '../src/files/index.ts';
import {
  conv,
  flatten,
  linear,
  logSoftmax,
  modelFromOnnx,
  mul,
  reduceSum,
  relu,
  reshape,
  sizeOf,
  tensor,
  type Value,
} from '../src/graph/index.ts';
import { readModel } from '../src/graph/onnx-file/index.ts';
import { exportModel, heNormal, type ModelFamily, mlp, type Weights } from '../src/models/index.ts';
import { integers, rng } from '../src/random/index.ts';
import { whenDone } from '../src/stop.ts';
import { adam, createTrainer, plain } from '../src/training/index.ts';
import { type AttackKind, type AttackTurn, startTorchAttacks, type TorchAttacks } from './torch-attacks.ts';

interface Peer {
  /** Seconds, of the wall clock or of the processor: medians. */
  readonly time: number;
  /** Its time by ours. */
  readonly ratio: number;
  readonly robust: number;
}

interface Measured {
  readonly name: string;
  readonly ours: number;
  readonly robust: number;
  /** PyTorch as published, and where it leaves broken points alone, too. */
  readonly published?: Peer;
  readonly leaving?: Peer;
}

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '5' },
    cpu: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, wanted] = [Number(values.rounds), Number(values.points)];
if (!(Number.isInteger(rounds) && rounds >= 1 && Number.isInteger(wanted) && wanted >= 1)) {
  console.error('usage: node bench/attacks.ts [--points N] [--rounds N] [--cpu] [--json]');
  process.exit(2);
}

const mnist = process.env.ROBUSTLAW_MNIST;
const read = (part: string) =>
  readDataset(join(mnist!, `${part}-images-idx3-ubyte.gz`), {
    labels: join(mnist!, `${part}-labels-idx1-ubyte.gz`),
  });
const digits = opticalDigits();
const [training, test] = mnist
  ? [pixels(read('train'), 255, 0, 20000), pixels(read('t10k'), 255, 0, wanted)]
  : [pixels(digits, 1, 0, 1200), pixels(digits, 1, 1200, Math.min(597, wanted))];
const side = mnist ? 28 : 8;
const kernel = mnist ? 5 : 3;

/** Radii at which some points break and some do not. */
const MODELS = [
  { family: mlp([side * side, 256, 256, 10]), radii: [0.02, 0.1] },
  { family: cnn(), radii: [0.05, 0.15] },
];
const ATTACKS: readonly { attack: Attack; kind: AttackKind; steps: number }[] = [
  { attack: pgd(crossEntropy, 40, 1), kind: 'pgd', steps: 40 },
  { attack: apgd('APGD-100', crossEntropy, 100, () => 1), kind: 'apgd', steps: 100 },
  { attack: square(500, [1, side, side]), kind: 'square', steps: 500 },
];

const SEED = rng('bench');
const folder = mkdtempSync(join(tmpdir(), 'robustlaw-bench-'));
const torch = startTorchAttacks();
if (!torch) console.error('no Python with PyTorch here (set PYTHON to one that has it): only our own times');
const results: Measured[] = [];
try {
  for (const { family, radii } of MODELS) {
    const weights = await trained(family);
    const path = join(folder, 'model.onnx');
    writeWhole(path, exportModel(family, weights));
    const victim = await createVictim(modelFromOnnx(await readModel(path)), { kind: 'classification' });
    const samples = await rightOnes(victim);
    await torch?.prepare(folder, samples, shapeOf(family), weights);
    for (const radius of radii) {
      await torch?.start(folder, startsOf(samples, victim.features, radius));
      for (const { attack, kind, steps } of ATTACKS) {
        const name = `${attack.name}${kind === 'square' ? `-${steps}` : ''} on ${family.name}, linf ${radius}, ${samples.ids.length} points`;
        results.push(await measure(name, victim, samples, attack, kind, steps, radius, torch));
        if (!values.json) console.log(line(results.at(-1)!));
      }
    }
    await victim.dispose();
  }
} finally {
  torch?.stop();
  rmSync(folder, { recursive: true, force: true });
}
const load = loadavg()[0]!.toFixed(1);
if (values.json)
  console.log(
    JSON.stringify(
      { data: mnist ? 'MNIST' : 'optical digits', clock: values.cpu ? 'processor' : 'wall', load, results },
      null,
      2,
    ),
  );
else console.log(`load average at the end: ${load}`);

async function measure(
  name: string,
  victim: Victim,
  samples: Samples,
  attack: Attack,
  kind: AttackKind,
  steps: number,
  radius: number,
  peer: TorchAttacks | undefined,
): Promise<Measured> {
  const threat = createThreat('linf', radius, [0, 1]);
  const ours: number[] = [];
  const theirs: { published: AttackTurn[]; leaving: AttackTurn[] } = { published: [], leaving: [] };
  let robust = 0;
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    const changed = await attack.run(victim, samples, threat, SEED, whenDone);
    const wall = (performance.now() - start) / 1e3;
    const { user, system } = process.cpuUsage(used);
    const scores = await victim.scores(changed);
    const broken = wrong(victim.task, scores, samples.labels, victim.outputs).filter(Boolean).length;
    robust = 1 - broken / samples.ids.length;
    const published = await peer?.run(kind, steps, radius, false);
    const leaving = await peer?.run(kind, steps, radius, true);
    if (round === 0) continue;
    ours.push(values.cpu ? (user + system) / 1e6 : wall);
    if (published) theirs.published.push(published);
    if (leaving) theirs.leaving.push(leaving);
  }
  const against = (turns: readonly AttackTurn[]): Peer => {
    const times = turns.map((turn) => (values.cpu ? turn.processor : turn.seconds));
    return {
      time: median(times),
      ratio: median(times.map((time, i) => time / ours[i]!)),
      robust: turns[0]!.robust,
    };
  };
  return {
    name,
    ours: median(ours),
    robust,
    ...(peer && { published: against(theirs.published), leaving: against(theirs.leaving) }),
  };
}

function line({ name, ours, robust, published, leaving }: Measured): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const columns = [name.padEnd(66), `${ours.toFixed(3)} s, robust ${percent(robust)}`];
  if (published && leaving)
    columns.push(
      `PyTorch ${published.time.toFixed(3)} s, robust ${percent(published.robust)}, ratio ${published.ratio.toFixed(2)}`,
      `leaving broken points ${leaving.time.toFixed(3)} s, ratio ${leaving.ratio.toFixed(2)}`,
    );
  return columns.join('  ');
}

/** Where PGD and APGD start with the seed of measure(). */
function startsOf({ points, ids }: Samples, features: number, radius: number): Float32Array {
  const keys = ids.map((id) => SEED.split(id).split(0));
  return randomStarts(createThreat('linf', radius, [0, 1]), points, keys, features);
}

/** Rows [from, from + count) with pixels in [0, 1] and class numbers. */
function pixels(data: Dataset, most: number, from: number, count: number) {
  const features = data.x.length / data.y.length;
  const classes = oneHotLabels(data);
  return {
    x: Float32Array.from(data.x.subarray(from * features, (from + count) * features), (v) => v / most),
    y: Float32Array.from(classes.y.subarray(from * classCount(data), (from + count) * classCount(data))),
    count,
  };
}

/** conv k x k stride 2, 16 filters - ReLU - the same with 32 - ReLU - linear; rows of pixels in. */
function cnn(): ModelFamily {
  const pad = (kernel - 1) / 2;
  const quarter = side / 4;
  const shapes = {
    w1: [16, 1, kernel, kernel],
    b1: [16],
    w2: [32, 16, kernel, kernel],
    b2: [32],
    w3: [10, 32 * quarter * quarter],
    b3: [10],
  };
  const attributes = { strides: [2, 2], pads: [pad, pad, pad, pad] };
  return {
    name: `cnn-16-32-k${kernel}`,
    inputShape: [side * side],
    outputs: 10,
    parameterShapes: shapes,
    parameterCount: Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0),
    statisticShapes: {},
    initialise: (key, dtype = 'float32') =>
      Object.fromEntries(
        Object.entries(shapes).map(([name, shape]) => [
          name,
          shape.length === 1
            ? tensor(dtype, shape, new Array(shape[0]!).fill(0))
            : heNormal(key.split(name), dtype, shape, sizeOf(shape.slice(1)), name === 'w3' ? 1 : 2),
        ]),
      ),
    forward: (x, p) => {
      const image = reshape(x, [x.shape[0]!, 1, side, side]);
      const first = relu(conv(image, p.w1!, p.b1, attributes));
      const second = relu(conv(first, p.w2!, p.b2, attributes));
      return linear(flatten(second), p.w3!, p.b3);
    },
  };
}

function shapeOf(family: ModelFamily): 'mlp' | 'cnn' {
  return family.name.startsWith('cnn') ? 'cnn' : 'mlp';
}

/** Adam on batches of 100, three passes over the data on MNIST, forty on the small digits. */
async function trained(family: ModelFamily): Promise<Weights> {
  const batch = 100;
  const steps = mnist ? 600 : 480;
  const loss = (z: Value, y: Value) => mul(-1 / batch, reduceSum(mul(logSoftmax(z), y)));
  const trainer = await createTrainer(
    { family, objective: plain(loss), optimiser: adam() },
    batch,
    'classes',
  );
  const weights = family.initialise(rng('weights').split(family.name));
  let [state, spare] = [trainer.start(weights), trainer.start(weights)];
  const features = side * side;
  const gather = (rows: Float32Array, chosen: Int32Array, width: number) => {
    const picked = new Float32Array(batch * width);
    chosen.forEach((row, i) => {
      picked.set(rows.subarray(row * width, (row + 1) * width), i * width);
    });
    return picked;
  };
  for (let step = 0; step < steps; step++) {
    const chosen = integers(rng('batches').split(step), batch, 0, training.count);
    const x = gather(training.x, chosen, features);
    const y = gather(training.y, chosen, 10);
    const after = await trainer.update(state, x, y, [1e-3], spare);
    [state, spare] = [after.state, state];
  }
  const found = trainer.weights(state);
  await trainer.dispose();
  return found;
}

/** The test points that the model gets right. */
async function rightOnes(victim: Victim): Promise<Samples> {
  const { features } = victim;
  const scores = await victim.scores(test.x);
  const label = (i: number) => argmax(test.y.subarray(10 * i, 10 * i + 10));
  const ids = Array.from({ length: test.count }, (_, i) => i).filter(
    (i) => argmax(scores.subarray(10 * i, 10 * i + 10)) === label(i),
  );
  const points = new Float32Array(ids.length * features);
  ids.forEach((id, i) => {
    points.set(test.x.subarray(id * features, (id + 1) * features), i * features);
  });
  return { points, labels: oneHot(ids.map(label), 10), ids };
}

function median(list: readonly number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
