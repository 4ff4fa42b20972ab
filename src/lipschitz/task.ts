// A question about a Lipschitz constant as methods are given it.
import type { Graph, Model } from '../graph/index.ts';
import { singleSample } from '../graph/index.ts';
import type { Domain, Norm } from '../guarantee/index.ts';
import type { Rng } from '../random/index.ts';
import { afterSeconds, type Stop } from '../stop.ts';
import type { Network } from './network/network.ts';
import { readNetwork } from './network/read.ts';

/** Which constant is asked for. */
export interface Question {
  readonly norm: Norm;
  readonly domain: Domain;
}

export interface Task extends Question {
  readonly model: Model;
  /** The graph of one sample. */
  readonly graph: Graph;
  /** The same as a network of affine forms. Throws unsupported-op for graphs of another form. */
  readonly network: () => Network;
  /** Where searches start, `[count, features]`; may be empty. */
  readonly starts: Float64Array;
  readonly rng: Rng;
  /** Seconds that are left for the question. */
  readonly remaining: () => number;
  /** Ends after a share of the time that there is for the question, or when the user says so. */
  readonly within: (share: number) => Stop;
}

/** The task of a question on a model, with so many seconds from now. */
export function taskOf(
  model: Model,
  question: Question,
  starts: Float64Array,
  rng: Rng,
  seconds: number,
  stop: Stop,
): Task {
  const graph = singleSample(model);
  const end = performance.now() + 1e3 * seconds;
  const remaining = () => Math.max(0, (end - performance.now()) / 1e3);
  return {
    ...question,
    model,
    graph,
    network: once(() => readNetwork(graph)),
    starts,
    rng,
    remaining,
    within(share) {
      const late = afterSeconds(Math.min(remaining(), share * seconds));
      return () => stop() || late();
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
