// Re-makes the pictures of docs/experiments.md from runs of the shipped studies:
// robustlaw study run studies/<name>.yaml for each, then npx node scripts/experiment-pictures.ts [RUNS]
import { mkdirSync } from 'node:fs';
import { writeWhole } from '../src/files/index.ts';
import { fitSvg, heroSvg, sumSvg, trajectorySvg } from '../src/report/index.ts';
import { findRun, openExistingRun, type StudyResult, studyResult } from '../src/study/index.ts';

const FOLDER = 'docs/experiments';

/** The pictures of each study, by file name without extension. */
const PICTURES: Readonly<Record<string, Readonly<Record<string, (result: StudyResult) => string>>>> = {
  'two-layer-law': {
    'two-layer-law': (result) => fitSvg(result, 'Largest gradient over 1,000 fresh points'),
    'two-layer-law-sum': (result) => sumSvg(result, 'Largest gradient over 1,000 fresh points'),
  },
  'sup-against-average': { 'sup-against-average': heroSvg },
  'beyond-isoperimetry': {
    'beyond-isoperimetry': (result) => fitSvg(result, 'The least Lipschitz constant through all points'),
  },
  'early-stopping': { 'early-stopping': trajectorySvg },
  'dimension-sweep': {
    'dimension-sweep': (result) => fitSvg(result, 'Largest gradient over 1,000 fresh points'),
  },
  architectures: { architectures: (result) => fitSvg(result, 'Lipschitz constant from below against P') },
  'random-features': { 'random-features': (result) => fitSvg(result, 'Sensitivity against P') },
};

const [, , runs = 'runs', ...asked] = process.argv;
mkdirSync(FOLDER, { recursive: true });
for (const [name, pictures] of Object.entries(PICTURES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  try {
    const directory = await openExistingRun(findRun(runs, name));
    try {
      const result = await studyResult(directory);
      for (const [file, draw] of Object.entries(pictures)) writeWhole(`${FOLDER}/${file}.svg`, draw(result));
    } finally {
      await directory.store.close();
    }
  } catch (error) {
    process.stderr.write(`${name}: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
