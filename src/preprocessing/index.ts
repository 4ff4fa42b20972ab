// Preprocessing: scale, normalisation and layout as the first nodes of a model, and guesses of them that say they are guesses.
export { LAYOUTS, type Layout } from './arrangement.ts';
export { guessPreprocessing, type PreprocessingGuess } from './guess.ts';
export { type Preprocessing, withPreprocessing } from './preprocessing.ts';
