// The contract of attacks, for those that look for the nearest harmful point.
import { carliniWagner, deepFool, fab, fabTargeted, minimumNorm } from '../../../src/attacks/index.ts';
import { conformance } from '../conformance.ts';

conformance(fab, undefined, true);
conformance(fabTargeted, undefined, true);
conformance(deepFool, undefined, true);
conformance(minimumNorm, undefined, true);
conformance(carliniWagner(5, 50), ['l2'], true);
