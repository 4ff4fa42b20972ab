// From a study to its trials: every combination it asks for once, in a fixed order, each with an id that names its result.
import { RobustlawError } from '../errors.ts';
import { rng } from '../random/index.ts';
import { type DataChoice, makeChoice } from './data-choice.ts';
import { dataChoices } from './data-entry.ts';
import { type DataShape, type Family, type Member, membersOf } from './families.ts';
import { contentHash } from './json.ts';
import type { Trial } from './result.ts';
import type { Measure, Search, StudySpecification } from './specification.ts';
import type { PlannedTrial } from './store.ts';

/** Everything a worker needs for one trial, as plain data; the result is a function of it. */
export interface TrialParameters {
  readonly trial: Trial;
  /** Seed of the study. */
  readonly studySeed: number;
  readonly data: DataChoice;
  /** Checksum of the data file as it was when the study was planned; absent for synthetic data. */
  readonly checksum?: string;
  readonly member: Member;
  readonly measures: readonly Measure[];
  /** How networks are searched from below; absent for explicit constructions and features. */
  readonly search?: Search;
  /** Seconds after which the trial ends as it is; absent without a limit. */
  readonly seconds?: number;
}

export interface Plan {
  readonly trials: readonly (PlannedTrial & { readonly parameters: TrialParameters })[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

/** More trials than this are a slip in the file. */
const MAX_TRIALS = 100_000;

/** Part of every id: changing how trials are computed changes it. */
const VERSION = 'robustlaw trial 1';

/**
 * The trials of a study: entries of `trials` in order, then data sets, seeds, families and sizes, so that trials on the
 * same data follow each other. A combination that several entries ask for runs once, with the measures of all.
 *
 * Real data are read once, to know n and d.
 *
 * @throws RobustlawError when data cannot be read, nothing is left to run, or effective dimensions compare data sets
 * with different numbers of points.
 */
export function planStudy(study: StudySpecification): Plan {
  const notes = new Set<string>();
  const byName = new Map(
    Object.entries(study.data).map(([name, entry]) => [name, dataChoices(name, entry).map(sized)]),
  );
  const cells = new Map<string, Cell>();
  for (const grid of study.trials) {
    for (const choice of grid.data.flatMap((name) => byName.get(name)!)) {
      const members = grid.families.flatMap((name) => named(name, study.families[name]!, choice, notes));
      for (let seed = 0; seed < grid.seeds; seed++) {
        for (const { family, member } of members) {
          const key = JSON.stringify([choice.data.label, family, sizeOf(member) ?? null, seed]);
          const cell = cells.get(key) ?? {
            choice,
            family,
            member,
            seed,
            measures: new Set(),
            search: grid.search,
          };
          if (grid.search === 'ascent') cell.search = 'ascent';
          for (const measure of grid.measures) {
            if (measure !== 'slice' || seed === 0) cell.measures.add(measure);
          }
          cells.set(key, cell);
        }
        if (cells.size > MAX_TRIALS) {
          throw new RobustlawError(
            'invalid-argument',
            `${study.name}: more than ${MAX_TRIALS} trials; ask for fewer seeds or sizes`,
          );
        }
      }
    }
  }
  if (cells.size === 0) {
    throw new RobustlawError(
      'invalid-argument',
      `${study.name}: no trial is left to run: ${[...notes].join('; ')}`,
    );
  }
  checkEffectiveDimensions(study, byName);
  const trials = [...cells.values()].map((cell) => parametersOf(study, cell));
  return {
    trials: trials.map((parameters) => ({ id: parameters.trial.id, parameters })),
    notes: [...notes],
  };
}

/** One combination, before it has an id. */
interface Cell {
  readonly choice: SizedChoice;
  readonly family: string;
  readonly member: Member;
  readonly seed: number;
  readonly measures: Set<Measure>;
  /** The thorough one where several entries differ. */
  search: Search;
}

interface SizedChoice extends DataShape {
  readonly data: DataChoice;
  readonly checksum?: string;
}

function sized(data: DataChoice): SizedChoice {
  const { specification } = data;
  if ('distribution' in specification) {
    return { data, n: specification.n, inputShape: [specification.d], outputs: 1 };
  }
  // Which key does not matter: the points that are read, their number and their dimension are the same for all.
  const plain = { ...specification, noise: 'none', flips: undefined, clip: false } as const;
  const dataset = makeChoice({ ...data, specification: plain }, rng(0));
  const [n, ...inputShape] = dataset.shape as [number, ...number[]];
  return { data, n, inputShape, outputs: dataset.outputs, checksum: dataset.provenance.sha256 };
}

/** The members of a family that make sense on the data; what is skipped goes to the notes. */
function named(
  family: string,
  specification: Family,
  choice: SizedChoice,
  notes: Set<string>,
): readonly { readonly family: string; readonly member: Member }[] {
  const { members, skipped } = membersOf(family, specification, choice);
  for (const reason of skipped) notes.add(`${choice.data.label}, ${family}: skipped ${reason}`);
  return members.map((member) => ({ family, member }));
}

function parametersOf(study: StudySpecification, cell: Cell): TrialParameters {
  const { choice, family, member, seed, search } = cell;
  const { seconds } = study.limits ?? {};
  const { data, checksum } = choice;
  const measures = [...cell.measures].toSorted();
  const size = sizeOf(member);
  const content = {
    studySeed: study.seed,
    data,
    ...(checksum !== undefined && { checksum }),
    member,
    measures,
    ...('train' in member && { search }),
    ...(seconds !== undefined && { seconds }),
  };
  const name = { data: data.label, family, ...(size !== undefined && { size }), seed };
  return { trial: { id: contentHash([VERSION, name, content], 24), ...name }, ...content };
}

function sizeOf(member: Member): number | undefined {
  return 'size' in member ? member.size : undefined;
}

/** Constants of n points are compared with those of n points: the nearest of more points are nearer. */
function checkEffectiveDimensions(
  study: StudySpecification,
  byName: ReadonlyMap<string, readonly SizedChoice[]>,
): void {
  for (const { data, reference } of study.analysis.effectiveDimension) {
    const count = byName.get(data)![0]!.n;
    const other = [...byName.get(data)!, ...byName.get(reference)!].find(({ n }) => n !== count);
    if (other) {
      throw new RobustlawError(
        'invalid-argument',
        `${study.name}: analysis.effectiveDimension compares ${data} (n = ${count}) with ${other.data.label} ` +
          `(n = ${other.n}); give them the same n`,
      );
    }
  }
}
