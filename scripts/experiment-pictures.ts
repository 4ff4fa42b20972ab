// Re-makes the pictures of docs/experiments.md from runs of the shipped studies:
// robustlaw study run studies/<name>.yaml for each, then npx node scripts/experiment-pictures.ts [RUNS]
import { mkdirSync } from 'node:fs';
import { writeWhole } from '../src/files/index.ts';
import { fitSvg, heroSvg, trajectorySvg } from '../src/report/index.ts';
import { findRun, openExistingRun, type StudyResult, studyResult } from '../src/study/index.ts';

const FOLDER = 'docs/experiments';

/** A picture for each study. */
const PICTURES: Readonly<Record<string, (result: StudyResult) => string>> = {
  'two-layer-law': (result) => fitSvg(result, 'Largest gradient over 1,000 fresh points'),
  'sup-against-average': heroSvg,
  'beyond-isoperimetry': (result) => fitSvg(result, 'The least Lipschitz constant through all points'),
  'early-stopping': trajectorySvg,
  'dimension-sweep': (result) => fitSvg(result, 'Largest gradient over 1,000 fresh points'),
  architectures: (result) => fitSvg(result, 'Lipschitz constant from below against P'),
  'random-features': (result) => fitSvg(result, 'Sensitivity against P'),
};

const [, , runs = 'runs', ...asked] = process.argv;
mkdirSync(FOLDER, { recursive: true });
for (const [name, draw] of Object.entries(PICTURES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  try {
    const directory = await openExistingRun(findRun(runs, name));
    try {
      writeWhole(`${FOLDER}/${name}.svg`, draw(await studyResult(directory)));
    } finally {
      await directory.store.close();
    }
  } catch (error) {
    process.stderr.write(`${name}: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
