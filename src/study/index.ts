// Studies: read, plan, run, resume, analyse.
export { analyse } from './analysis/index.ts';
export { dimensionText } from './analysis/verdict.ts';
export { findRun, listRuns, openExistingRun, openRun, type RunDirectory, runPath } from './directory.ts';
export { fromJson, toJson } from './json.ts';
export { studyResult } from './outcome.ts';
export { type Plan, planStudy, type TrialParameters } from './plan.ts';
export type {
  Analysis,
  ComparedMember,
  Comparison,
  EffectiveDimension,
  ExponentFit,
  FittedGroup,
  FittedSum,
  GradientSample,
  HypothesisLight,
  PlaneSlice,
  PredictorFit,
  PublishedFigure,
  RivalPredictor,
  ScatterBin,
  ScatterPoint,
  Series,
  StudyResult,
  TrainingRecord,
  TrajectoryPoint,
  Trial,
  TrialOutcome,
  TrialResult,
} from './result.ts';
export { type Progress, type Run, runTrials, TRIAL_WORKER } from './run.ts';
export {
  formatStudy,
  parseStudy,
  readStudyFile,
  type StudySpecification,
  studyHash,
  studyJsonSchema,
} from './specification.ts';
export { openSqliteStore } from './sqlite-store.ts';
export type { Claim, Counts, PlannedTrial, Report, Store } from './store.ts';
export { MODELS } from './take-over.ts';
export { versions } from './versions.ts';
