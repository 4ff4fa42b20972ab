// One radial bump per data point: the talk's robust memorizer with n(d+1) parameters (Bubeck and Sellke 2021, Remark 1.1).
import { div, graph, input, matMul, parameter, relu, sub, tensor } from '../graph/index.ts';
import { type Matrix, row } from '../linalg/index.ts';
import { divideDown, divideUp, type Enclosure, normEnclosure } from '../numeric/index.ts';
import { bulkForm } from './bulk.ts';
import { type Distances, distances } from './distances.ts';
import { exact } from './guarantees.ts';
import type { Memorizer } from './memorizer.ts';
import { closestPair } from './pairs.ts';
import { checkedSample } from './sample.ts';

/**
 * f(x) = sum_i y_i max(0, 1 - |x - x_i| / r) with r half the smallest distance between points, so that the supports
 * are disjoint.
 *
 * Exact and global: Lip f = max_i |y_i| / r. On one support this is the slope of its cone; two points on different
 * supports lie at least 2r - |a - x_i| - |b - x_j| apart, which is r times the sum of the two heights.
 *
 * P = n(d + m) + 1: centres, heights and the common radius. The paper's n(d + 1) for m = 1 takes the width of the bumps
 * as fixed beforehand; here it is read off the data, so it counts. n is the number of distinct points. For one
 * point the radius is arbitrary and taken as 1.
 *
 * @param points `[n, d]`. @param labels `[n, m]`; |y_i| is the l2 norm.
 * @throws as `checkedSample`.
 */
export async function cones(points: Matrix, labels: Matrix): Promise<Memorizer> {
  const sample = checkedSample(points, labels);
  const { rows: n, columns: d } = sample.points;
  const m = sample.labels.columns;
  const closest = await closestPair(sample.points);
  const radius = (closest?.enclosure[0] ?? 2) / 2;
  const heights = Array.from({ length: n }, (_, i) => normEnclosure(row(sample.labels, i)));
  const highest = heights.reduce((best, height, i) => (height[0] > heights[best]![0] ? i : best), 0);
  const enclosure: Enclosure = [
    divideDown(heights[highest]![0], radius),
    divideUp(Math.max(...heights.map((height) => height[1])), radius),
  ];
  const centres = parameter('centres', tensor('float64', [n, d], sample.points.data));
  const values = parameter('heights', tensor('float64', [n, m], sample.labels.data));
  const width = parameter('radius', tensor('float64', [], [radius]));
  const build = (batch: number, from: Distances) => {
    const x = input('x', 'float64', [batch, d]);
    const bumps = relu(sub(1, div(from(x, centres), width)));
    return graph([x], { y: matMul(bumps, values) });
  };
  const bulk = bulkForm(sample.points, closest?.enclosure[0] ?? 0, build);
  const peak = row(sample.points, highest);
  return {
    name: 'cones',
    inputDimension: d,
    outputDimension: m,
    parameterCount: n * (d + m) + 1,
    lipschitz: exact(enclosure, 'slope of the highest of disjoint cones'),
    witness: { kind: 'pair', a: peak.slice(), b: peak.map((t, k) => (k === 0 ? t + radius : t)) },
    graph: (batch) => build(batch, distances),
    ...(bulk && { bulk }),
  };
}
