// Linear functions w.x and distances to half-spaces max(0, w.x), with w of dual norm 1.
import type { Norm } from '../guarantee/index.ts';
import { type Matrix, matrix, row } from '../linalg/index.ts';
import { certified, type Evaluated, type FunctionFamily } from './family.ts';
import { dualNormUpper, SLACK } from './norms.ts';
import { column, innerProducts } from './products.ts';

/** A direction and what it is called. */
export interface Direction {
  readonly name: string;
  readonly vector: Float64Array;
}

/** x -> w.x for each direction, divided by its dual norm. Undefined without directions. */
export function linearFunctions(
  name: string,
  norm: Norm,
  directions: readonly Direction[],
): FunctionFamily | undefined {
  const family = unitVectors(norm, directions);
  return (
    family && {
      name,
      functions: family.names.map((called, k) => ({
        name: called,
        constant: certified(norm, dualNormUpper(norm, row(family.vectors, k)), 'dual norm of the direction'),
      })),
      async evaluate(points) {
        const products = await innerProducts(points, family.vectors);
        return family.names.map((_, k): Evaluated => ({ values: column(products, k) }));
      },
    }
  );
}

/** x -> max(0, w.x), the distance to the half-space w.x <= 0 whose border goes through the mean of centred points. */
export function halfSpaceDistances(norm: Norm, directions: readonly Direction[]): FunctionFamily | undefined {
  const family = unitVectors(norm, directions);
  if (!family) return undefined;
  return {
    name: 'distance to a half-space',
    functions: family.names.map((called, k) => ({
      name: `distance to the half-space against ${called}`,
      constant: certified(norm, dualNormUpper(norm, row(family.vectors, k)), 'dual norm of the normal'),
    })),
    async evaluate(points) {
      const products = await innerProducts(points, family.vectors);
      return family.names.map((_, k): Evaluated => {
        const above = column(products, k);
        return {
          values: above.map((t) => Math.max(0, t)),
          // On the boundary itself the function has no gradient; 1 is an upper bound.
          slopes: above.map((t) => (t < 0 ? 0 : 1)),
        };
      });
    },
  };
}

function unitVectors(
  norm: Norm,
  directions: readonly Direction[],
): { readonly names: readonly string[]; readonly vectors: Matrix } | undefined {
  const usable = directions.filter(({ vector }) => dualNormUpper(norm, vector) > 0);
  if (usable.length === 0) return undefined;
  const vectors = matrix(usable.length, usable[0]!.vector.length);
  usable.forEach(({ vector }, k) => {
    const factor = SLACK / dualNormUpper(norm, vector);
    row(vectors, k).set(vector.map((t) => t * factor));
  });
  return { names: usable.map(({ name }) => name), vectors };
}

/**
 * Directions as they maximise w.x / |w| in another norm than l2: with |x|_1 signs of the entries count, with |x|_inf the large
 * entries (Prescott, Zhang and Evans 2021 take powers of principal components for that).
 */
export function sharpened(norm: Norm, directions: readonly Direction[]): readonly Direction[] {
  if (norm === 'l2') return directions;
  const power = norm === 'l1' ? 0 : 3;
  return directions.flatMap((direction) => [
    direction,
    {
      name: `${direction.name}, ${norm === 'l1' ? 'signs' : 'cubed'}`,
      vector: direction.vector.map((t) => Math.sign(t) * Math.abs(t) ** power),
    },
  ]);
}
