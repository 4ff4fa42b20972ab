// Results of earlier runs in a new one: the id of a trial names everything that determines its result, so it need not run again.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { newOwner } from './owner.ts';
import type { TrialParameters } from './plan.ts';
import type { Claim, Report, Store } from './store.ts';

/** Where a run keeps the functions of its trials. */
export const MODELS = 'models';

/** A run directory as far as this needs it. */
interface Run {
  readonly path: string;
  readonly store: Store;
}

/**
 * Reports to `run` every open trial that `earlier` has finished, with the versions that computed it, and copies its model.
 * Trials that failed are left to run again.
 */
export async function takeOver(run: Run, earlier: Run): Promise<void> {
  const reports = (await earlier.store.reports()).filter(({ outcome }) => outcome.state === 'done');
  const known = new Map(reports.map((report) => [report.outcome.trial.id, report]));
  const owner = newOwner();
  try {
    for (let claim = await run.store.claim(owner); claim; claim = await run.store.claim(owner)) {
      const report = known.get(claim.id);
      if (report && modelTakenOver(claim, report, run, earlier)) await run.store.report(owner, report);
    }
  } finally {
    await run.store.release(owner);
  }
}

/** False where the trial has a model and the earlier run no longer has it. */
function modelTakenOver({ parameters }: Claim, { outcome }: Report, run: Run, earlier: Run): boolean {
  if (!(parameters as TrialParameters).measures.includes('model')) return true;
  const name = `${outcome.trial.id}.onnx`;
  const source = join(earlier.path, MODELS, name);
  if (!existsSync(source)) return false;
  mkdirSync(join(run.path, MODELS), { recursive: true });
  copyFileSync(source, join(run.path, MODELS, name));
  return true;
}
