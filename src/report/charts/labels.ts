// Direct labels without overlap: each takes the best of its candidate places, in order, first come first served.

/** A rectangle in pixels, y downwards. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** In pixels, y downwards. */
export type Point = readonly [x: number, y: number];

export interface LabelRequest {
  readonly text: string;
  readonly size: { readonly width: number; readonly height: number };
  /** Top left corners, best first. */
  readonly candidates: readonly (readonly [left: number, top: number])[];
  /** Square pixels of obstacles it may cover; any number where absent. */
  readonly tolerance?: number;
}

/** Where a label went, and which of its candidates that was. */
export interface Placement {
  readonly box: Box;
  readonly candidate: number;
}

/**
 * The places of the labels, one per request, or undefined where every candidate meets another label, leaves
 * `frame` or covers too much. Marks and lines (`obstacles`) are avoided where possible, other labels always.
 */
export function placeLabels(
  requests: readonly LabelRequest[],
  obstacles: readonly Box[],
  frame: Box,
): readonly (Placement | undefined)[] {
  const taken: Box[] = [];
  return requests.map((request) => {
    let best: Placement | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const [rank, [left, top]] of request.candidates.entries()) {
      const box = { left, top, right: left + request.size.width, bottom: top + request.size.height };
      if (!inside(box, frame) || taken.some((other) => overlap(box, other) > 0)) continue;
      const covered = obstacles.reduce((sum, obstacle) => sum + overlap(box, obstacle), 0);
      if (covered > (request.tolerance ?? Number.POSITIVE_INFINITY)) continue;
      // A later candidate wins only by covering noticeably less.
      const cost = covered + 2 * rank;
      if (cost < least) [best, least] = [{ box, candidate: rank }, cost];
    }
    if (best) taken.push(best.box);
    return best;
  });
}

/** Common area. */
export function overlap(a: Box, b: Box): number {
  return (
    Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
    Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top))
  );
}

/** An estimate of the width of a line of text, from above for common sans-serif fonts. */
export function textWidth(text: string, fontSize: number): number {
  return fontSize * Array.from(text).reduce((sum, character) => sum + characterWidth(character), 0);
}

/** Small boxes along a polyline, so that labels keep off it. */
export function alongLine(points: readonly Point[], thickness: number): Box[] {
  const half = thickness / 2;
  return points.slice(1).flatMap(([x1, y1], index) => {
    const [x0, y0] = points[index]!;
    const steps = Math.max(1, Math.ceil(Math.hypot(x1 - x0, y1 - y0) / thickness));
    return Array.from({ length: steps + 1 }, (_, step) => {
      const x = x0 + ((x1 - x0) * step) / steps;
      const y = y0 + ((y1 - y0) * step) / steps;
      return { left: x - half, top: y - half, right: x + half, bottom: y + half };
    });
  });
}

function inside(box: Box, frame: Box): boolean {
  return (
    box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom
  );
}

function characterWidth(character: string): number {
  if (/[ijl.,:;'|!()[\]\u202F ]/.test(character)) return 0.36;
  if (/[mwMW@%\u2026\u221A\u2014]/.test(character)) return 0.95;
  if (/[A-Z]/.test(character)) return 0.72;
  return character.codePointAt(0)! < 0x2e80 ? 0.6 : 1.05;
}
