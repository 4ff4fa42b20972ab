// For each row the k nearest of the rows offered so far: binary heaps with the farthest on top.
import type { Nearest } from './shortlists.ts';

export interface Heaps {
  /** Keeps `id` at this distance for row i, if it is among the k nearest so far; ties to the lower id. */
  offer(i: number, id: number, distance: number): void;
  count(i: number): number;
  /** Forgets what row i has. */
  clear(i: number): void;
  /** The largest distance kept for row i; Infinity while fewer than k are. */
  farthest(i: number): number;
  /** Nearest first. */
  sorted(): Nearest;
}

/** Memory 12 k m bytes. */
export function createHeaps(m: number, k: number): Heaps {
  const ids = new Int32Array(m * k);
  const distances = new Float64Array(m * k);
  const counts = new Int32Array(m);
  const after = (a: number, b: number) =>
    distances[a]! > distances[b]! || (distances[a] === distances[b] && ids[a]! > ids[b]!);
  const swap = (a: number, b: number) => {
    const [distance, id] = [distances[a]!, ids[a]!];
    distances[a] = distances[b]!;
    ids[a] = ids[b]!;
    distances[b] = distance;
    ids[b] = id;
  };
  const rise = (base: number, from: number) => {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!after(base + at, base + parent)) return;
      swap(base + at, base + parent);
      at = parent;
    }
  };
  const sink = (base: number, count: number) => {
    for (let at = 0; ; ) {
      let last = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++) {
        if (after(base + child, base + last)) last = child;
      }
      if (last === at) return;
      swap(base + at, base + last);
      at = last;
    }
  };
  return {
    offer(i, id, distance) {
      const base = i * k;
      const count = counts[i]!;
      if (count < k) {
        ids[base + count] = id;
        distances[base + count] = distance;
        counts[i] = count + 1;
        rise(base, count);
        return;
      }
      const top = distances[base]!;
      if (distance > top || (distance === top && id > ids[base]!)) return;
      ids[base] = id;
      distances[base] = distance;
      sink(base, k);
    },
    count: (i) => counts[i]!,
    clear(i) {
      counts[i] = 0;
    },
    farthest: (i) => (counts[i] === k ? distances[i * k]! : Infinity),
    sorted() {
      for (let i = 0; i < m; i++) {
        const base = i * k;
        for (let last = counts[i]! - 1; last > 0; last--) {
          swap(base, base + last);
          sink(base, last);
        }
      }
      return { neighbours: ids, distances };
    },
  };
}
