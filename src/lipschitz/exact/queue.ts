// A priority queue: a binary heap, largest first (Williams 1964).

export interface Queue<T> {
  readonly push: (item: T) => void;
  readonly pop: () => T | undefined;
  readonly top: () => T | undefined;
  readonly size: () => number;
}

/** Steps per push and pop: the logarithm of the number of items. */
export function queue<T>(priority: (item: T) => number): Queue<T> {
  const heap: T[] = [];
  const before = (i: number, j: number) => priority(heap[i]!) > priority(heap[j]!);
  const swap = (i: number, j: number) => {
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  };
  const push = (item: T) => {
    heap.push(item);
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!before(i, parent)) return;
      swap(i, parent);
      i = parent;
    }
  };
  const pop = () => {
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0) return first;
    heap[0] = last!;
    for (let i = 0; ; ) {
      let next = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && before(child, next)) next = child;
      }
      if (next === i) return first;
      swap(i, next);
      i = next;
    }
  };
  return { push, pop, top: () => heap[0], size: () => heap.length };
}
