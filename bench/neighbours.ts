// Exact nearest neighbours of all rows beside scikit-learn's brute force on the same points in the same run, all cores each:
// `node bench/neighbours.ts [--rows N] [--neighbours K] [--rounds N] [--json]`. MNIST where ROBUSTLAW_MNIST names its folder, else
// standard normal points of 784 features. scikit-learn runs in the interpreter of $PYTHON or the path that has it. The two take
// turns; times are medians over the rounds, of the wall clock and of the processor, which a busy machine disturbs less.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { encodeNpy } from '../src/data/index.ts';
import { writeWhole } from '../src/files/index.ts';
import { median } from '../src/numeric/index.ts';
import { normal, rng } from '../src/random/index.ts';
import { nearestNeighbours } from '../src/separation/index.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000' },
    neighbours: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const [rows, k, rounds] = [Number(values.rows), Number(values.neighbours), Number(values.rounds)];
const FEATURES = 784;

interface Turn {
  readonly seconds: number;
  readonly processor: number;
  readonly distances: ArrayLike<number>;
}

const points = pointsOf(rows);
const folder = mkdtempSync(join(tmpdir(), 'robustlaw-bench-'));
const reference = startReference(folder);
const [ours, theirs]: [Turn[], Turn[]] = [[], []];
try {
  for (let round = 0; round < rounds; round++) {
    ours.push(await take());
    if (reference) theirs.push(await reference.take());
  }
} finally {
  reference?.stop();
  rmSync(folder, { recursive: true });
}
if (reference) agree(ours[0]!.distances, theirs[0]!.distances);
report();

async function take(): Promise<Turn> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const { distances } = await nearestNeighbours(points, FEATURES, k, rng(0));
  const { user, system } = process.cpuUsage(used);
  return { seconds: (performance.now() - start) / 1e3, processor: (user + system) / 1e6, distances };
}

function startReference(folder: string) {
  const python = [process.env.PYTHON, 'python3', '/usr/bin/python3'].find(
    (candidate) => candidate && spawnSync(candidate, ['-c', 'import sklearn']).status === 0,
  );
  if (!python) return undefined;
  const path = join(folder, 'points.npy');
  writeWhole(path, encodeNpy({ data: points, shape: [rows, FEATURES] }));
  const child = spawn(python, [join(import.meta.dirname, 'neighbours_reference.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async take(): Promise<Turn> {
      child.stdin.write(`${JSON.stringify({ points: path, k })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('scikit-learn has stopped; its message is above');
      const answer = JSON.parse(value) as { seconds: number; processor: number; distances: string };
      return { ...answer, distances: floats(readFileSync(answer.distances), rows * k) };
    },
    stop: () => child.stdin.end(),
  };
}

/** The numbers of an NPY file: they are its last bytes. */
function floats(bytes: Buffer, count: number): ArrayLike<number> {
  const width = bytes.length < 128 + 8 * count ? 4 : 8;
  const data = bytes.buffer.slice(
    bytes.byteOffset + bytes.length - width * count,
    bytes.byteOffset + bytes.length,
  );
  return width === 4 ? new Float32Array(data) : new Float64Array(data);
}

/** Both must do the same work. scikit-learn's distances come from products and are good to some five digits. */
function agree(a: ArrayLike<number>, b: ArrayLike<number>): void {
  for (let at = 0; at < a.length; at++) {
    if (Math.abs(a[at]! - b[at]!) > 1e-4 * a[at]! + 1e-2) {
      throw new Error(`distance ${at}: ${a[at]} and by scikit-learn ${b[at]}`);
    }
  }
}

function report(): void {
  const of = (turns: readonly Turn[]) => ({
    seconds: median(turns.map(({ seconds }) => seconds)),
    processor: median(turns.map(({ processor }) => processor)),
  });
  const result = {
    rows,
    features: FEATURES,
    k,
    cores: availableParallelism(),
    load: loadavg()[0]!,
    ours: of(ours),
    peakMebibytes: Math.round(process.resourceUsage().maxRSS / 1024),
    ...(theirs.length > 0 && {
      scikitLearn: of(theirs),
      ratio: of(theirs).seconds / of(ours).seconds,
      processorRatio: of(theirs).processor / of(ours).processor,
    }),
  };
  if (values.json) {
    console.log(JSON.stringify(result, null, 2));
    return;
  }
  const time = ({ seconds, processor }: { seconds: number; processor: number }) =>
    `${seconds.toFixed(2)} s, processor ${processor.toFixed(2)} s`;
  console.log(`${rows} x ${FEATURES}, k = ${k}, ${result.cores} cores, load ${result.load.toFixed(1)}`);
  console.log(`ours          ${time(result.ours)}, at most ${result.peakMebibytes} MiB`);
  if (!result.scikitLearn) console.log('scikit-learn  not found: set PYTHON to an interpreter that has it');
  else {
    console.log(`scikit-learn  ${time(result.scikitLearn)}`);
    console.log(
      `ratio         ${result.ratio!.toFixed(2)}, of processor times ${result.processorRatio!.toFixed(2)}`,
    );
  }
}

function pointsOf(rows: number): Float32Array {
  const mnist = process.env.ROBUSTLAW_MNIST;
  if (!mnist) return Float32Array.from(normal(rng('points'), rows * FEATURES));
  const bytes = gunzipSync(readFileSync(join(mnist, 'train-images-idx3-ubyte.gz'))).subarray(16);
  return Float32Array.from(bytes.subarray(0, rows * FEATURES), (value) => value / 255);
}
