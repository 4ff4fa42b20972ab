// Points near a low-dimensional manifold plus small Gaussian noise: `Components could live on a lower-dimensional manifold`.
import { invalidArgument, requireInteger, requirePositive } from '../../errors.ts';
import { randomProjection } from '../../linalg/index.ts';
import { normal, type Rng, sphere } from '../../random/index.ts';
import { boundedBy, type Distribution, requireRadiusArguments, requireSampleSize } from './distribution.ts';

/** The shape of the manifold and the noise around it. */
export interface ManifoldShape {
  /** d, the ambient dimension: at least 3 (m + 1), or m + 1 when `curvature` is 0. */
  readonly dimension: number;
  /** m, the dimension of the sphere S^m that is embedded. */
  readonly intrinsicDimension: number;
  /** kappa in [0, 1): 0 embeds the sphere linearly, near 1 almost all length is in the curved coordinates. */
  readonly curvature: number;
  /** omega / sqrt(m + 1), > 0: how fast the curved coordinates turn; 1 keeps every point of the manifold on the unit sphere. */
  readonly frequency: number;
  /** tau >= 0: the noise is N(0, tau^2 I/d), of length about tau. */
  readonly ambientNoise: number;
}

/**
 * x = phi(u) + tau g, u uniform on S^m in R^{m+1}, g ~ N(0, I/d), with the embedding
 * `phi(u) = Q [ sqrt(1 - kappa) u ; sqrt(kappa) / omega (cos(omega u_j), sin(omega u_j))_j ]`,
 * omega = frequency sqrt(m + 1), Q a random frame of orthonormal columns, drawn once from `rng`.
 *
 * phi preserves the length of every curve exactly: |D phi v|^2 = (1 - kappa)|v|^2 + kappa sum_j v_j^2 (sin^2 + cos^2) = |v|^2.
 * So phi is 1-Lipschitz from the geodesic metric, its image is an m-dimensional sphere bent in 3 (m + 1) dimensions, and
 * |phi(u)|^2 = 1 - kappa + kappa / frequency^2. The logarithmic Sobolev constants m of S^m and d of N(0, I/d) tensorise, so an
 * L-Lipschitz f has variance proxy L^2 (1/m + tau^2/d): isoperimetry with c = 1 + tau^2 m/d and m in place of d.
 *
 * @throws RobustlawError `invalid-argument` naming the field.
 */
export function nearManifold(rng: Rng, shape: ManifoldShape): Distribution {
  const { dimension: d, intrinsicDimension: m, curvature: kappa, frequency, ambientNoise: noise } = shape;
  requireInteger('d', d);
  requireInteger('intrinsicDimension', m);
  if (!(kappa >= 0 && kappa < 1)) throw invalidArgument('curvature', kappa, 'a number in [0, 1)');
  requirePositive('frequency', frequency);
  if (!(noise >= 0 && noise < Infinity)) throw invalidArgument('ambientNoise', noise, 'a finite number >= 0');
  const coordinates = kappa > 0 ? 3 * (m + 1) : m + 1;
  if (d < coordinates) {
    const formula = kappa > 0 ? '3 (intrinsicDimension + 1) (or curvature 0)' : 'intrinsicDimension + 1';
    throw invalidArgument('d', d, `an integer >= ${coordinates} = ${formula}`);
  }
  requireSampleSize(coordinates, d);
  const frame = randomProjection(rng, coordinates, d).data;
  const manifoldRadius = Math.sqrt(1 - kappa + kappa / frequency ** 2);
  return {
    name: `sphere S^${m} bent in R^${d} (curvature ${kappa}, frequency ${frequency}) plus noise ${noise}`,
    dimension: d,
    sample(key, n) {
      requireSampleSize(n, d);
      const u = sphere(key.split('manifold'), n, m + 1);
      const x = noise > 0 ? normal(key.split('noise'), n * d) : new Float64Array(n * d);
      const tau = noise / Math.sqrt(d);
      for (let i = 0; i < x.length; i++) x[i]! *= tau;
      for (let i = 0; i < n; i++) {
        const bent = bend(u.subarray(i * (m + 1), (i + 1) * (m + 1)), kappa, frequency);
        for (let r = 0; r < coordinates; r++) {
          const value = bent[r]!;
          for (let k = 0; k < d; k++) x[i * d + k]! += value * frame[r * d + k]!;
        }
      }
      return x;
    },
    isoperimetry: {
      metric: 'l2',
      constant: 1 + (noise ** 2 * m) / d,
      dimension: m,
      components: 1,
      method: 'logarithmic Sobolev inequalities of the sphere and of the noise, for an isometric embedding',
    },
    ...(noise === 0
      ? boundedBy(manifoldRadius)
      : {
          supportRadius: Infinity,
          radius(n: number, failure: number) {
            requireRadiusArguments(n, failure);
            return manifoldRadius + noise * (1 + Math.sqrt((2 * Math.log(n / failure)) / d));
          },
        }),
    symmetric: kappa === 0,
  };
}

/** The coordinates of phi(u) in the frame. */
function bend(u: Float64Array, kappa: number, frequency: number): Float64Array {
  if (kappa === 0) return u;
  const size = u.length;
  const omega = frequency * Math.sqrt(size);
  const straight = Math.sqrt(1 - kappa);
  const curved = Math.sqrt(kappa) / omega;
  const out = new Float64Array(3 * size);
  for (let j = 0; j < size; j++) {
    out[j] = straight * u[j]!;
    out[size + 2 * j] = curved * Math.cos(omega * u[j]!);
    out[size + 2 * j + 1] = curved * Math.sin(omega * u[j]!);
  }
  return out;
}
