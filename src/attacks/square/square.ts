// The Square attack: random search with squares that change whole pixels by as much as is allowed, from scores alone (Andriushchenko, Croce, Flammarion and Hein 2020).
import { invalidArgument, requireInteger } from '../../errors.ts';
import { type Rng, uniform } from '../../random/index.ts';
import type { Attack } from '../attack.ts';
import { project } from '../projection.ts';
import { pickRows, rowOf } from '../rows.ts';
import { requireFiniteRadius } from '../steps.ts';
import { margins, wrong } from '../task.ts';
import { movesFor } from './moves.ts';
import { type ImageShape, share } from './window.ts';

/**
 * Keeps one point per row and tries another one with each query, which replaces it where the margin is smaller (see
 * margins()). Windows take 0.8 of the image at first and shrink to 1/512 of that. A broken row is queried no more.
 *
 * The start in linf are vertical stripes of -radius and +radius, in l2 and l1 tiles of the profile eta; bounds, where there
 * are any, only clip it, so inputs without bounds start on the surface of the ball. In l1, windows may be single pixels.
 *
 * @param queries most scores per row, the starting point included; defaults to 5000.
 * @param image the layout of a point. Without it a point is an image of a single row, and
 *   windows are blocks of neighbouring coordinates: right for tabular data, and weaker than the true layout on images.
 * @throws RobustlawError `invalid-argument` for queries < 1 and an impossible layout; run() for a layout that is not the
 *   victim's and for an infinite radius, as the search does not look for near points.
 *
 * Cost: `queries` scores per row that stays robust, and as many passes over its entries.
 */
export function square(queries = 5000, image?: ImageShape): Attack {
  requireInteger('queries', queries);
  for (const side of image?.slice(0, 3) ?? []) requireInteger('side of an image', Number(side));
  return {
    name: 'Square',
    access: 'black-box',
    async run(victim, { points, labels, ids }, threat, random, stop) {
      const { features, outputs, task, batch } = victim;
      requireFiniteRadius('Square', threat);
      const shape: ImageShape = image ?? [1, 1, features];
      if (shape[0] * shape[1] * shape[2] !== features) {
        throw invalidArgument(
          'layout of images',
          `[${shape.slice(0, 3)}]`,
          `[channels, height, width] of ${features} entries`,
        );
      }
      const moves = movesFor(threat, shape);
      const best = points.slice();
      const least = new Float64Array(ids.length).fill(Infinity);
      const draws = ids.map((id) => stream(random.split(id)));
      let robust = ids.map((_, i) => i);
      for (let query = 0; query < queries && robust.length > 0; query++) {
        const still: number[] = [];
        for (let from = 0; from < robust.length; from += batch) {
          if (stop()) return best;
          const rows = robust.slice(from, from + batch);
          const around = pickRows(points, rows, features);
          const tried = new Float32Array(around.length);
          rows.forEach((row, i) => {
            const [x, into] = [rowOf(around, i, features), rowOf(tried, i, features)];
            if (query === 0) moves.start(x, draws[row]!, into);
            else moves.step(x, rowOf(best, row, features), share(query, queries), draws[row]!, into);
          });
          project(threat, around, tried, features);
          const scores = await victim.scores(tried);
          const theirs = pickRows(labels, rows, outputs);
          const found = margins(task, scores, theirs, outputs);
          const broken = wrong(task, scores, theirs, outputs);
          rows.forEach((row, i) => {
            if (broken[i] || found[i]! < least[row]!) {
              rowOf(best, row, features).set(rowOf(tried, i, features));
              least[row] = found[i]!;
            }
            if (!broken[i]) still.push(row);
          });
        }
        robust = still;
      }
      return best;
    },
  };
}

const BLOCK = 256;

/** The uniform numbers of one row, one after another. */
function stream(random: Rng): () => number {
  let block: Float64Array = new Float64Array(0);
  let [used, blocks] = [0, 0];
  return () => {
    if (used === block.length) {
      block = uniform(random.split(blocks++), BLOCK);
      used = 0;
    }
    return block[used++]!;
  };
}
