// Validation: what is wrong with a value that a schema refuses, in words that name the field, its value and what was expected.
export { editDistance, listed, nearestName, suggestion } from './nearest.ts';
export { parseSpecification } from './parse.ts';
export { type Path, type Problem, pathName, problemsOf, showProblem, showValue } from './problems.ts';
