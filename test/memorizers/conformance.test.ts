// The conformance suite on every construction.
import { describe } from 'vitest';
import { memorizerConformance } from './conformance.ts';
import { SUBJECTS } from './subjects.ts';

for (const subject of SUBJECTS) describe(subject.name, () => memorizerConformance(subject));
