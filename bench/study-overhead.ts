// What a study costs beside its trials: sum of the seconds of 500 tiny trials / (workers x wall time), at least 0.95.
// `node bench/study-overhead.ts [workers]`, twice: the first run fills Node's cache of compiled code, which the workers load from.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openRun,
  parseStudy,
  planStudy,
  runTrials,
  studyResult,
  TRIAL_WORKER,
  versions,
} from '../src/study/index.ts';

const STUDY = `
name: overhead
title: Tiny trials
data: { sphere: { distribution: sphere, n: 50, d: 20, labels: { signal: zero, noise: signs } } }
families:
  network: { train: { model: two-layer }, sizes: [10, 20, 30, 40, 50], training: { steps: 200, stop: { signs: 0.02 } } }
trials: [{ data: [sphere], families: [network], seeds: 100, search: sample }]
`;

const workers = Number(process.argv[2] ?? availableParallelism());
const folder = mkdtempSync(join(tmpdir(), 'overhead-'));
try {
  const study = parseStudy('overhead.yaml', STUDY);
  const plan = planStudy(study);
  const directory = await openRun(folder, study, plan, false);
  let first: number | undefined;
  const start = performance.now();
  await runTrials({
    store: directory.store,
    workers,
    module: TRIAL_WORKER,
    models: folder,
    versions: versions(),
    onProgress: ({ latest }) => {
      if (latest) first ??= performance.now();
    },
    signal: new AbortController().signal,
  });
  const end = performance.now();
  const { outcomes } = await studyResult(directory);
  await directory.store.close();
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  const wall = (end - start) / 1000;
  const share = seconds / (workers * wall);
  console.log(`${outcomes.length} trials, ${workers} workers`);
  console.log(
    `wall ${wall.toFixed(2)} s, of which ${((first! - start) / 1000).toFixed(2)} s until the first result`,
  );
  console.log(
    `trials ${seconds.toFixed(2)} s together, ${((1000 * seconds) / outcomes.length).toFixed(1)} ms each`,
  );
  console.log(`share of the workers' time within trials: ${(100 * share).toFixed(1)} %`);
  process.exitCode = share >= 0.95 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
