// Square, in single rows and in images, keeps the contract of attacks.
import { square } from '../../src/attacks/index.ts';
import { conformance } from './conformance.ts';

conformance(square(150));
conformance({ ...square(150, [2, 1, 3]), name: 'Square on images of 2 x 1 x 3' });
