// A survey: one data set described in the terms of the law, as one result.
export type { Task } from './labels.ts';
export { CLASS_CONCENTRATION, CONCENTRATION } from './law.ts';
export type { KnownNoise } from './part.ts';
export type { SurveyRequest } from './request.ts';
export {
  type DataSurvey,
  SURVEY_SCHEMA,
  type SurveyDimensions,
  type SurveyExpansions,
  type SurveyIsoperimetry,
  type SurveyLaw,
  type SurveyNoise,
  type SurveyRepeats,
  type SurveySeparation,
  surveyJsonSchema,
  surveySchema,
} from './result.ts';
export { type SurveyProgress, surveyData } from './survey.ts';
export { referenceReading } from './verdict.ts';
