// The Square attack: random search with squares that change whole pixels by as much as is allowed, from scores alone (Andriushchenko, Croce, Flammarion and Hein 2020).
import { invalidArgument, requireInteger } from '../../errors.ts';
import { type Rng, uniform } from '../../random/index.ts';
import type { Attack } from '../attack.ts';
import { type Limits, linfLimits } from '../limits.ts';
import { keepRows, type RowArrays, rowOf } from '../rows.ts';
import { requireFiniteRadius } from '../steps.ts';
import { margins, wrong } from '../task.ts';
import type { Threat } from '../threat.ts';
import { movesFor, type Tried } from './moves.ts';
import { copyWindow, type ImageShape, share, type Window } from './window.ts';

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
      const reached = points.slice();
      const draws = ids.map((id) => stream(random.split(id)));
      let state = begin(threat, points, labels, features);
      const keep = ({ places, best }: State, i: number) =>
        rowOf(reached, places[i]!, features).set(rowOf(best, i, features));
      for (let query = 0; query < queries && state.places.length > 0 && !stop(); query++) {
        const part = share(query, queries);
        const broken: boolean[] = [];
        for (let from = 0; from < state.places.length && !(from > 0 && stop()); from += batch) {
          const to = Math.min(from + batch, state.places.length);
          const windows: (Window | undefined)[] = [];
          for (let i = from; i < to; i++) {
            const draw = draws[state.places[i]!]!;
            const tried = triedOf(state, i, features);
            if (query === 0) moves.start(tried, draw);
            windows.push(query === 0 ? undefined : moves.step(tried, part, draw));
          }
          const scores = await victim.scores(state.tried.subarray(from * features, to * features));
          const theirs = state.labels.subarray(from * outputs, to * outputs);
          const found = margins(task, scores, theirs, outputs);
          wrong(task, scores, theirs, outputs).forEach((isWrong, k) => {
            const i = from + k;
            const { best, into } = triedOf(state, i, features);
            const better = isWrong || found[k]! < state.margins[i]!;
            if (better) state.margins[i] = found[k]!;
            copyWindow(shape, windows[k], better ? into : best, better ? best : into);
            broken.push(isWrong);
          });
        }
        broken.forEach((isBroken, i) => {
          if (isBroken) keep(state, i);
        });
        state = keepRows(
          state,
          Array.from(state.places, (_, i) => !broken[i]),
        );
      }
      for (let i = 0; i < state.places.length; i++) keep(state, i);
      return reached;
    },
  };
}

/** One row per attack that goes on. */
interface State extends RowArrays, Limits {
  /** The number of the row among all samples. */
  readonly places: Int32Array;
  readonly points: Float32Array;
  readonly labels: Float32Array;
  readonly best: Float32Array;
  readonly margins: Float64Array;
  /** Where moves are written; the best points between two queries. */
  readonly tried: Float32Array;
}

function begin(threat: Threat, points: Float32Array, labels: Float32Array, features: number): State {
  const none = new Float32Array(0);
  const rows = points.length / features;
  return {
    places: Int32Array.from({ length: rows }, (_, i) => i),
    points: points.slice(),
    labels: labels.slice(),
    best: points.slice(),
    margins: new Float64Array(rows).fill(Infinity),
    tried: points.slice(),
    ...(threat.norm === 'linf' ? linfLimits(threat, points, features) : { least: none, most: none }),
  };
}

function triedOf({ points, best, least, most, tried }: State, i: number, features: number): Tried {
  const [x, into] = [rowOf(points, i, features), rowOf(tried, i, features)];
  return {
    x,
    best: rowOf(best, i, features),
    least: rowOf(least, i, features),
    most: rowOf(most, i, features),
    into,
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
