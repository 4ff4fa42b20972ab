// Why stages of an audit are not complete, each reason said once with what it concerns.

/** A stage that is not complete. */
export interface Shortfall {
  readonly what: string;
  /** The radius it was tried at; undefined where it has none. */
  readonly radius: number | undefined;
  readonly reason: string;
}

/**
 * `the time was over (FAB-T, Square at 0.1, 0.2; minimum norm)`: the reasons in the order in which they first come, each with
 * its stages, those of the same radii together.
 */
export function reasonsOnce(shortfalls: readonly Shortfall[]): string[] {
  const byReason = Map.groupBy(shortfalls, ({ reason }) => reason);
  return Array.from(byReason, ([reason, members]) => {
    const radiiOf = Map.groupBy(members, ({ what }) => what);
    const byRadii = Map.groupBy(radiiOf, ([, list]) =>
      list.flatMap(({ radius }) => (radius === undefined ? [] : [String(radius)])).join(', '),
    );
    const stages = Array.from(byRadii, ([radii, list]) => {
      const names = list.map(([what]) => what).join(', ');
      return radii === '' ? names : `${names} at ${radii}`;
    });
    return `${reason} (${stages.join('; ')})`;
  });
}
