// Speed of the engine beside PyTorch's, one thread each: `node bench/main.ts engine [--rounds N] [--cpu] [--json]`.
// The engines take short turns within the same run, so that whatever else the machine does slows both. Times are medians
// over all steps; the ratio is the median over the rounds of PyTorch's time by ours, above 1 where ours is faster.
// --cpu measures processor time, which a busy machine disturbs less.
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Prepared } from './engine.ts';
import { prepare } from './engine.ts';
import type { Job } from './jobs.ts';
import { JOBS } from './jobs.ts';
import type { Torch, Turn } from './torch.ts';
import { startTorch } from './torch.ts';

interface Measured {
  readonly name: string;
  /** Milliseconds of one step: median and least. */
  readonly ours: number;
  readonly oursLeast: number;
  readonly torch?: number;
  readonly torchLeast?: number;
  readonly ratio?: number;
  /** The ratio that is asked for; 0 for none. */
  readonly bar: number;
  readonly steps: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '30' },
    cpu: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
if (positionals.join() !== 'engine' || !(Number.isInteger(rounds) && rounds >= 1)) {
  console.error('usage: node bench/main.ts engine [--rounds N] [--cpu] [--json]');
  process.exit(2);
}

const torch = startTorch();
if (!torch)
  console.error(
    'no Python with PyTorch here (set PYTHON to one that has it): only our own times are measured',
  );
const results: Measured[] = [];
for (const job of JOBS) {
  results.push(await measure(job, torch));
  if (!values.json) console.log(row(results.at(-1)!));
}
torch?.stop();
if (values.json) {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism() };
  const clock = values.cpu ? 'processor' : 'wall';
  console.log(JSON.stringify({ machine, torch: torch?.version ?? null, rounds, clock, results }, null, 2));
}

async function measure(job: Job, torch: Torch | undefined): Promise<Measured> {
  const own = await prepare(job);
  agree(job, await own.steps(1), await torch?.prepare(job));
  const [ours, theirs, ratios]: [number[], number[], number[]] = [[], [], []];
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const turn = await take(own, job.repeats);
    const other = await torch?.run(job.repeats);
    if (round === 0) {
      agree(job, turn.value, other?.value);
      continue;
    }
    const [mine, its] = [turn, other].map((t) => (values.cpu ? t?.processor : t?.seconds) ?? []);
    ours.push(...mine!);
    theirs.push(...its!);
    ratios.push(mean(its!) / mean(mine!));
  }
  await own.dispose();
  const base = {
    name: job.name,
    ours: 1e3 * median(ours),
    oursLeast: 1e3 * Math.min(...ours),
    bar: job.bar,
    steps: ours.length,
  };
  if (!torch) return base;
  return {
    ...base,
    torch: 1e3 * median(theirs),
    torchLeast: 1e3 * Math.min(...theirs),
    ratio: median(ratios),
  };
}

/** One turn of our engine; seconds of a step. */
async function take(own: Prepared, steps: number): Promise<Turn> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const value = await own.steps(steps);
  const seconds = (performance.now() - start) / 1e3 / steps;
  const { user, system } = process.cpuUsage(used);
  return { seconds: [seconds], processor: [(user + system) / 1e6 / steps], value };
}

/** Both engines must do the same work: the same loss after the same number of steps, up to rounding. */
function agree(job: Job, ours: number, theirs: number | undefined): void {
  if (theirs === undefined || Math.abs(ours - theirs) <= 1e-3 * Math.abs(theirs) + 1e-5) return;
  throw new Error(`${job.name}: our engine computes ${ours} and PyTorch ${theirs}`);
}

function mean(list: readonly number[]): number {
  return list.reduce((sum, value) => sum + value, 0) / list.length;
}

function median(list: readonly number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function row({ name, ours, oursLeast, torch: theirs, torchLeast, ratio, bar }: Measured): string {
  const time = (value: number, least: number) =>
    `${value.toFixed(3).padStart(9)} ms (least ${least.toFixed(3)})`;
  const columns = [name.padEnd(58), time(ours, oursLeast)];
  if (theirs !== undefined)
    columns.push(`PyTorch ${time(theirs, torchLeast!)}`, `ratio ${ratio!.toFixed(2)}`);
  if (theirs !== undefined && bar > 0) columns.push(ratio! >= bar ? `meets ${bar}` : `MISSES ${bar}`);
  return columns.join('  ');
}
