// The result of a run: its outcomes, what they mean, and what is needed to make them again.
import { analyse } from './analysis/index.ts';
import type { RunDirectory } from './directory.ts';
import type { StudyResult } from './result.ts';
import { formatStudy, studyHash } from './specification.ts';
import type { Report } from './store.ts';

/** The result so far; complete once every trial has been reported. */
export async function studyResult({ study, store }: RunDirectory): Promise<StudyResult> {
  const reports = await store.reports();
  const outcomes = reports.map(({ outcome }) => outcome);
  return {
    name: study.name,
    title: study.title,
    hash: studyHash(study),
    specification: formatStudy(study),
    versions: allVersions(reports),
    outcomes,
    analysis: analyse(study, outcomes),
  };
}

/** The versions behind all reports: `0.1.0`, or `0.1.0 and 0.2.0` where a run was resumed with another one. */
function allVersions(reports: readonly Report[]): Readonly<Record<string, string>> {
  const byName = new Map<string, Set<string>>();
  for (const { versions } of reports) {
    for (const [name, version] of Object.entries(versions)) {
      byName.set(name, (byName.get(name) ?? new Set()).add(version));
    }
  }
  return Object.fromEntries([...byName].map(([name, found]) => [name, [...found].toSorted().join(' and ')]));
}
