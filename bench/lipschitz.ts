// Bounds on the Lipschitz constants of random ReLU networks as width and depth grow: seconds, and tightness as a multiple
// of the product of spectral norms; beside them the same recursions in NumPy, one thread, in the same run:
// `node bench/lipschitz.ts [--seconds S] [--quick] [--json]`. LipSDP-Neuron is stopped after S seconds (default 60).
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { encodeNpy } from '../src/data/index.ts';
import { writeWhole } from '../src/files/index.ts';
import { RELU } from '../src/intervals/index.ts';
import { type Matrix, matrix, spectralNormUpper } from '../src/linalg/index.ts';
import { chain, type Network } from '../src/lipschitz/network/network.ts';
import { diagonalClosedForms, eclipseFast } from '../src/lipschitz/semidefinite/closed-forms.ts';
import { lipsdp } from '../src/lipschitz/semidefinite/lipsdp.ts';
import { normal, rng } from '../src/random/index.ts';
import { afterSeconds } from '../src/stop.ts';

interface Timed {
  readonly value: number;
  readonly seconds: number;
}

interface Row {
  readonly depth: number;
  readonly width: number;
  readonly ours: Readonly<Record<string, Timed>>;
  readonly numpy?: Readonly<Record<'product' | 'eclipseFast', Timed>>;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const limit = Number(values.seconds);
if (!(limit > 0)) {
  console.error('usage: node bench/lipschitz.ts [--seconds S] [--quick] [--json]');
  process.exit(2);
}

/** [hidden layers, width]; 64 inputs, 10 outputs. */
const SIZES: readonly (readonly [depth: number, width: number])[] = values.quick
  ? [
      [3, 32],
      [3, 128],
      [20, 64],
    ]
  : [
      ...[32, 64, 128, 256, 512, 1024].map((width) => [3, width] as const),
      ...[2, 5, 10, 20, 50, 100].map((depth) => [depth, 64] as const),
    ];
const NAMES = ['product', 'ECLipsE-Fast', 'diagonal', 'LipSDP-Layer', 'LipSDP-Neuron'] as const;

const folder = mkdtempSync(join(tmpdir(), 'robustlaw-bench-'));
const numpy = startNumpy();
const rows: Row[] = [];
try {
  if (!values.json)
    console.log(['depth', 'width', ...NAMES.map((name) => name.padStart(18)), 'NumPy'].join('  '));
  for (const [depth, width] of SIZES) {
    const weights = randomWeights(depth, width);
    const theirs = await numpy?.(weights);
    const ours = bounds(weights);
    if (theirs) agree(ours, theirs);
    rows.push({ depth, width, ours, ...(theirs && { numpy: theirs }) });
    if (!values.json) console.log(line(rows.at(-1)!));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (values.json) console.log(JSON.stringify(rows, null, 2));
process.exit(0);

function randomWeights(depth: number, width: number): Matrix[] {
  const sizes = [64, ...new Array<number>(depth).fill(width), 10];
  const key = rng('bench').split(depth).split(width);
  return sizes.slice(1).map((out, i) => {
    const fanIn = sizes[i]!;
    const entries = normal(key.split(i), out * fanIn).map((z) => z * Math.sqrt(2 / fanIn));
    return matrix(out, fanIn, entries);
  });
}

function bounds(weights: readonly Matrix[]): Record<(typeof NAMES)[number], Timed> {
  const network: Network = chain(weights, RELU);
  return {
    product: timed(() => weights.reduce((product, w) => product * spectralNormUpper(w), 1)),
    'ECLipsE-Fast': timed(() => eclipseFast(network).value),
    diagonal: timed(() => diagonalClosedForms(network).value),
    'LipSDP-Layer': timed(() => lipsdp(network, 'layer', afterSeconds(limit)).value),
    'LipSDP-Neuron': timed(() => lipsdp(network, 'neuron', afterSeconds(limit)).value),
  };
}

function timed(bound: () => number): Timed {
  const start = performance.now();
  const value = bound();
  return { value, seconds: (performance.now() - start) / 1e3 };
}

/** The same recursions: certified ones lie above the others, by rounding only. */
function agree(ours: Row['ours'], theirs: NonNullable<Row['numpy']>): void {
  for (const [mine, its] of [
    [ours.product!, theirs.product],
    [ours['ECLipsE-Fast']!, theirs.eclipseFast],
  ] as const) {
    const ratio = mine.value / its.value;
    if (!(ratio > 1 - 1e-7 && ratio < 1 + 1e-4))
      throw new Error(`ours is ${mine.value}, NumPy's ${its.value}: not the same bound`);
  }
}

function line({ depth, width, ours, numpy: theirs }: Row): string {
  const product = ours.product!.value;
  const cells = NAMES.map((name) => {
    const { value, seconds } = ours[name]!;
    return `${(value / product).toPrecision(4)} ${seconds.toPrecision(2)} s`.padStart(18);
  });
  const peers = theirs
    ? `product ${theirs.product.seconds.toPrecision(2)} s, ECLipsE-Fast ${theirs.eclipseFast.seconds.toPrecision(2)} s`
    : 'none';
  return [String(depth).padStart(5), String(width).padStart(5), ...cells, peers].join('  ');
}

/** NumPy in a process of its own, or undefined where there is none. */
function startNumpy(): ((weights: readonly Matrix[]) => Promise<NonNullable<Row['numpy']>>) | undefined {
  const python = [process.env.PYTHON, 'python3', '/usr/bin/python3'].find(
    (candidate) => candidate && spawnSync(candidate, ['-c', 'import numpy']).status === 0,
  );
  if (!python) {
    console.error(
      'no Python with NumPy here (set PYTHON to one that has it): only our own bounds are measured',
    );
    return undefined;
  }
  const child = spawn(python, [join(import.meta.dirname, 'lipschitz_reference.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (weights) => {
    const paths = weights.map((w, i) => {
      const path = join(folder, `w${i}.npy`);
      writeWhole(path, encodeNpy({ data: w.data, shape: [w.rows, w.columns] }));
      return path;
    });
    child.stdin.write(`${JSON.stringify({ weights: paths, repeats: 3 })}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('NumPy has stopped; its message is above');
    return JSON.parse(value);
  };
}
