// Concentration of measure as a limit on classifiers: half-spaces and covers, on MNIST where ROBUSTLAW_MNIST names its folder
// (60,000 training images choose sets, 10,000 test images measure them, as in the published tables), else on the embedded
// 8x8 digits: `node bench/concentration.ts [--norm linf|l2] [--family half-spaces|covers] [--seed S]`. Published for MNIST,
// alpha 0.01, linf: unions of boxes reach 3.64, 5.89, 7.24 and 9.92 % at 0.1, 0.2, 0.3 and 0.4, with standard deviations of
// 0.30, 0.44, 0.38 and 0.60 over runs (Mahloujifar et al. 2019, Table 1).
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { opticalDigits, readArray } from '../src/data/index.ts';
import { coverConcentration, halfSpaceConcentration, halves, type Split } from '../src/isoperimetry/index.ts';
import { rng } from '../src/random/index.ts';
import { whenDone } from '../src/stop.ts';

const { values } = parseArgs({
  options: {
    norm: { type: 'string', default: 'linf' },
    family: { type: 'string', default: 'half-spaces' },
    seed: { type: 'string', default: '0' },
  },
});
const norm = values.norm === 'l2' ? 'l2' : 'linf';
const measure = values.family === 'covers' ? coverConcentration : halfSpaceConcentration;
const random = rng(Number(values.seed));
const mnist = process.env.ROBUSTLAW_MNIST;
const { points, features, split, alpha } = mnist ? images(mnist) : digits();
const epsilons = norm === 'linf' ? [0.1, 0.2, 0.3, 0.4] : [1.58, 3.16, 4.74];

const before = process.cpuUsage();
const found = await measure(points, features, norm, alpha, epsilons, random, whenDone, () => {}, split);
const { user, system } = process.cpuUsage(before);
for (const { family, epsilon, risk, expanded } of found) {
  const percent = (share: number) => (100 * share).toFixed(2);
  const interval = expanded.interval.map(percent).join(' to ');
  console.log(
    `${family} ${norm} ${epsilon}: risk ${percent(risk.value)} %, expanded ${percent(expanded.value)} % (${interval})`,
  );
}
console.log(`processor time ${((user + system) / 1e6).toFixed(1)} s`);

function images(folder: string) {
  const points = new Float32Array(70_000 * 784);
  let at = 0;
  for (const part of ['train', 't10k']) {
    const { data } = readArray(join(folder, `${part}-images-idx3-ubyte.gz`));
    for (let i = 0; i < data.length; i++) points[at++] = Number(data[i]) / 255;
  }
  return { points, features: 784, split: consecutive(60_000, 10_000), alpha: 0.01 };
}

function digits() {
  const { x, shape } = opticalDigits();
  return { points: x, features: 64, split: halves(shape[0]!, random.split('halves')), alpha: 0.05 };
}

function consecutive(training: number, heldOut: number): Split {
  return {
    training: Int32Array.from({ length: training }, (_, i) => i),
    heldOut: Int32Array.from({ length: heldOut }, (_, i) => training + i),
  };
}
