// A worker whose jobs end at once, as if time had cut them, or never, as their first value says; deaf to whoever tells them to break off.
import type { Done, Job } from '../../../src/audit/jobs.ts';

export async function run({ given, seconds }: Job): Promise<Done> {
  const [what] = 'points' in given ? given.points : [];
  if (what === 2) for (;;);
  return { result: Float32Array.of(seconds), stopped: what === 1, seconds: 0 };
}
