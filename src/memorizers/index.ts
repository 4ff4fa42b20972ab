// Explicit constructions of memorizers: functions through labelled points, with their size P and certified Lipschitz constant.
export { baum } from './baum.ts';
export { capNetwork, sqrt7Interpolant } from './caps.ts';
export { cones } from './cones.ts';
export { CONSTRUCTIONS, type ConstructionName, construct, constructionOf } from './construct.ts';
export { groupedNetwork } from './grouped-network.ts';
export { type Kirszbraun, type KirszbraunValue, kirszbraun } from './kirszbraun.ts';
export { mcShaneWhitney } from './mcshane-whitney.ts';
export { evaluateMemorizer, exportMemorizer, type Memorizer } from './memorizer.ts';
export { minimumNorm } from './minimum-norm.ts';
export { closestPair, type ExtremalPair, steepestPair } from './pairs.ts';
export { projectedRbf, projectedRbfs, projectedRbfWithin } from './projected-rbf.ts';
export { tensorInterpolant, tensorNetwork } from './tensor-network.ts';
