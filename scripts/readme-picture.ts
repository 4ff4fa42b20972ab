// Re-makes the picture of the README from a run of the shipped study: npm start, then npm run picture.
import { writeWhole } from '../src/files/index.ts';
import { heroSvg } from '../src/report/index.ts';
import { findRun, openExistingRun, studyResult } from '../src/study/index.ts';

const directory = await openExistingRun(findRun('runs', 'law-of-robustness'));
try {
  writeWhole('docs/law-of-robustness.svg', heroSvg(await studyResult(directory)));
} finally {
  await directory.store.close();
}
