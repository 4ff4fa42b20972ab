// The shape of a change within a window, strongest in the middle: eta of Andriushchenko et al., "Square Attack: a query-efficient black-box adversarial attack via random search" (2020), section 3.4.

/**
 * Nested rectangles around the middle of `[height, width]`, of weight 1/k^2 for the k-th from within: the sum over
 * k >= max(|i - floor(height / 2)|, |j - floor(width / 2)|) of 1/(k + 1)^2, up to the largest half side. Row-major.
 */
export function pyramid(height: number, width: number): Float64Array {
  const middle = [Math.floor(height / 2), Math.floor(width / 2)] as const;
  const most = Math.max(...middle);
  return Float64Array.from({ length: height * width }, (_, at) => {
    const i = Math.floor(at / width);
    const j = at % width;
    let sum = 0;
    for (let k = Math.max(Math.abs(i - middle[0]), Math.abs(j - middle[1])); k <= most; k++)
      sum += 1 / (k + 1) ** 2;
    return sum;
  });
}

/**
 * A pyramid on one half of `[height, width]` and its negative on the other, divided across the height or, where `sideways`,
 * the width; a window of a single row or column is divided along its length. Row-major, not normalised.
 */
export function profile(height: number, width: number, sideways: boolean): Float64Array {
  const across = width > 1 && (sideways || height === 1);
  const length = across ? width : height;
  const half = Math.floor(length / 2);
  const [first, second] = across
    ? [pyramid(height, half), pyramid(height, width - half)]
    : [pyramid(half, width), pyramid(height - half, width)];
  return Float64Array.from({ length: height * width }, (_, at) => {
    const i = Math.floor(at / width);
    const j = at % width;
    if (!across) return i < half ? first[at]! : -second[at - half * width]!;
    return j < half ? first[i * half + j]! : -second[i * (width - half) + j - half]!;
  });
}
