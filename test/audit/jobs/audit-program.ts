// A program that audits a model into a folder and prints a line for every step: the test kills it in the middle.
import { audit } from '../../../src/audit/index.ts';
import { requestFor, someDigits } from '../models.ts';

const [path, folder] = process.argv.slice(2) as [string, string];
const request = requestFor(path, someDigits(120), {
  bounds: [0, 1],
  norms: [{ norm: 'linf', radii: [0.05] }],
  rows: { most: 70 },
  // More than they need: a bound that time ends is not the same twice.
  boundSeconds: 60,
});
await audit(
  request,
  folder,
  ({ step, done, total }) => console.log(`${step}: ${done} of ${total}`),
  () => false,
);
