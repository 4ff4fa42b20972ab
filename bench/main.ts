// Speed of the engine beside PyTorch's, one thread each: `node bench/main.ts engine [--rounds N] [--cpu] [--json]`.
// The engines take turns within the same run, so that whatever else the machine does slows both. A ratio above 1 means
// that ours is faster; medians over all steps. --cpu measures processor time, which a busy machine disturbs less.
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
  /** Median milliseconds of one step. */
  readonly ours: number;
  readonly torch?: number;
  readonly ratio?: number;
  /** The ratio that is asked for; 0 for none. */
  readonly bar: number;
  readonly steps: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '10' },
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
  agree(job, await own.step(), await torch?.prepare(job));
  const [ours, theirs]: [number[], number[]] = [[], []];
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const turn = await take(own, job.repeats);
    const other = await torch?.run(job.repeats);
    if (round === 0) agree(job, turn.value, other?.value);
    else {
      ours.push(...(values.cpu ? turn.processor : turn.seconds));
      theirs.push(...((values.cpu ? other?.processor : other?.seconds) ?? []));
    }
  }
  await own.dispose();
  const own1000 = 1000 * median(ours);
  const base = { name: job.name, ours: own1000, bar: job.bar, steps: ours.length };
  if (theirs.length === 0) return base;
  const torch1000 = 1000 * median(theirs);
  return { ...base, torch: torch1000, ratio: torch1000 / own1000 };
}

/** One turn of our engine. */
async function take(own: Prepared, steps: number): Promise<Turn> {
  const [seconds, processor]: [number[], number[]] = [[], []];
  let value = 0;
  for (let i = 0; i < steps; i++) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    value = await own.step();
    seconds.push((performance.now() - start) / 1e3);
    const { user, system } = process.cpuUsage(used);
    processor.push((user + system) / 1e6);
  }
  return { seconds, processor, value };
}

/** Both engines must do the same work: the same loss after the same number of steps, up to rounding. */
function agree(job: Job, ours: number, theirs: number | undefined): void {
  if (theirs === undefined || Math.abs(ours - theirs) <= 1e-3 * Math.abs(theirs) + 1e-5) return;
  throw new Error(`${job.name}: our engine computes ${ours} and PyTorch ${theirs}`);
}

function median(list: readonly number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function row({ name, ours, torch: theirs, ratio, bar }: Measured): string {
  const columns = [name.padEnd(58), `${ours.toFixed(3).padStart(9)} ms`];
  if (theirs !== undefined)
    columns.push(`PyTorch ${theirs.toFixed(3).padStart(9)} ms`, `ratio ${ratio!.toFixed(2)}`);
  if (theirs !== undefined && bar > 0) columns.push(ratio! >= bar ? `meets ${bar}` : `MISSES ${bar}`);
  return columns.join('  ');
}
