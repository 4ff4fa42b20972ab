// How the random search starts and what it tries next, for each norm: Andriushchenko et al. (2020), algorithms 2 and 3; for l1 after Croce and Hein, "Mind the box" (2021), but with windows down to single pixels.
import { project } from '../projection.ts';
import type { Threat } from '../threat.ts';
import { profile } from './profile.ts';
import { eachPixel, type ImageShape, pixelAt, placed, somePixel, type Window, windowSize } from './window.ts';

/** A point under attack; all rows `[features]`. */
export interface Tried {
  readonly x: Float32Array;
  /** The best point so far. */
  readonly best: Float32Array;
  /** In linf, what the threat model allows; otherwise empty. */
  readonly least: Float32Array;
  readonly most: Float32Array;
  /** Where a move is written: an allowed point. Before a step it holds `best`. */
  readonly into: Float32Array;
}

/** `draw` is uniform in [0, 1). */
export interface Moves {
  start(tried: Tried, draw: () => number): void;
  /** `share` is the part of the image that changes. Returns the window outside of which nothing has, if there is one. */
  step(tried: Tried, share: number, draw: () => number): Window | undefined;
}

/** The moves for a norm ball of finite radius. */
export function movesFor(threat: Threat, image: ImageShape): Moves {
  return threat.norm === 'linf' ? corners(threat, image) : masses(threat, image);
}

const sign = (draw: () => number): number => (draw() < 0.5 ? -1 : 1);

/**
 * linf: every entry changes by -radius or +radius, as far as bounds allow. At first every column of a channel has one sign
 * (stripes; in a single row each entry its own); then a square takes one sign per channel. Signs that would change nothing
 * are turned, so that no query is wasted.
 */
function corners({ radius, bounds: [low, high] }: Threat, image: ImageShape): Moves {
  const [channels, height, width] = image;
  return {
    start({ least, most, into }, draw) {
      for (let c = 0; c < channels; c++) {
        for (let j = 0; j < width; j++) {
          const extreme = draw() < 0.5 ? least : most;
          for (let i = 0; i < height; i++) {
            const at = pixelAt(image, c, i, j);
            into[at] = extreme[at]!;
          }
        }
      }
    },
    step({ x, best, least, most, into }, share, draw) {
      const window = placed(image, windowSize(image, share, 1, false), draw);
      const signs = Array.from({ length: channels }, () => sign(draw));
      const changes = (at: number, step: number) => {
        const reach = Math.min(Math.max(x[at]! + step, low), high) - x[at]!;
        return Math.sign(reach) !== Math.sign(best[at]! - x[at]!);
      };
      const turned = !signs.some((s, c) => somePixel(image, c, window, (at) => changes(at, s * radius)));
      signs.forEach((s, c) => {
        const extreme = s > 0 === turned ? least : most;
        eachPixel(image, c, window, (at) => {
          into[at] = extreme[at]!;
        });
      });
      return window;
    },
  };
}

/** The least side of a window: profiles of one pixel are too coarse for l2, where all the mass of a window is moved at once. */
const LEAST_SIDE = { l1: 1, l2: 3 } as const;

/**
 * l2 and l1: mass moves between windows. At first about 5 x 5 tiles hold a profile each, then everything in a second window
 * is moved to a first one, in the direction that it had there plus or minus the profile. In l2 the whole change is then
 * scaled to the radius; in l1 every channel takes all that is unused, and the projection onto ball and bounds decides.
 */
function masses(threat: Threat, image: ImageShape): Moves {
  const { norm, radius } = threat;
  const [channels, height, width] = image;
  const order = norm === 'l1' ? 1 : 2;
  const power = (v: number) => (order === 1 ? Math.abs(v) : v * v);
  const root = (v: number) => (order === 1 ? v : Math.sqrt(v));
  const total = (vector: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < vector.length; i++) sum += power(vector[i]!);
    return sum;
  };
  const lengthOf = (vector: Float64Array) => root(total(vector));
  // A little less than all, so that rounding seldom leaves the ball and the projection has nothing to do.
  const filled = radius * (1 - 1e-6);
  const profiles = new Map<string, Float64Array>();
  /** The profile of length 1, kept: few sizes occur. */
  const unit = (size: readonly [number, number], sideways: boolean): Float64Array => {
    const name = `${size} ${sideways}`;
    const known = profiles.get(name);
    if (known) return known;
    const shape = profile(...size, sideways);
    const length = lengthOf(shape);
    const scaled = shape.map((v) => v / length);
    profiles.set(name, scaled);
    return scaled;
  };
  const write = ({ x, into }: Tried, change: Float64Array) => {
    const length = lengthOf(change);
    const scale = length > 0 && (order === 2 || length < filled) ? filled / length : 1;
    for (let i = 0; i < x.length; i++) into[i] = x[i]! + scale * change[i]!;
    project(threat, x, into, x.length);
  };
  return {
    start(tried, draw) {
      const size = [Math.max(1, Math.floor(height / 5)), Math.max(1, Math.floor(width / 5))] as const;
      const across = Math.floor(width / size[1]);
      const down = Math.floor(height / size[0]);
      const [top, left] = [
        Math.floor((height - down * size[0]) / 2),
        Math.floor((width - across * size[1]) / 2),
      ];
      const change = new Float64Array(tried.x.length);
      for (let tile = 0; tile < down * across; tile++) {
        const shape = unit(size, draw() < 0.5);
        const window = {
          top: top + Math.floor(tile / across) * size[0],
          left: left + (tile % across) * size[1],
          height: size[0],
          width: size[1],
        };
        for (let c = 0; c < channels; c++) {
          const turn = sign(draw);
          eachPixel(image, c, window, (at, place) => {
            change[at] = turn * shape[place]!;
          });
        }
      }
      write(tried, change);
    },
    step(tried, share, draw) {
      const { x, best } = tried;
      const size = windowSize(image, share, LEAST_SIDE[order === 1 ? 'l1' : 'l2'], true);
      const target = placed(image, size, draw);
      const source = placed(image, size, draw);
      const shape = unit(size, draw() < 0.5);
      const change = new Float64Array(x.length);
      for (let i = 0; i < x.length; i++) change[i] = best[i]! - x[i]!;
      const unused = Math.max(0, power(radius) - total(change));
      for (let c = 0; c < channels; c++) {
        let there = 0;
        eachPixel(image, c, target, (at) => {
          there += power(change[at]!);
        });
        const old = root(there);
        const turn = sign(draw);
        const moved = shape.map((v) => turn * v);
        eachPixel(image, c, target, (at, place) => {
          if (old > 0) moved[place]! += change[at]! / old;
          change[at] = 0;
        });
        let mass = there + (order === 1 ? unused : unused / channels);
        eachPixel(image, c, source, (at) => {
          mass += power(change[at]!);
          change[at] = 0;
        });
        const length = lengthOf(moved);
        const scale = length > 1e-12 ? root(mass) / length : 0;
        eachPixel(image, c, target, (at, place) => {
          change[at] = scale * moved[place]!;
        });
      }
      write(tried, change);
      return undefined;
    },
  };
}
