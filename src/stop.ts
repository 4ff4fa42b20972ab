// When anytime work is to end: bounds that improve step by step ask after every step and return the best so far.

/** True once the work is to end. */
export type Stop = () => boolean;

/** Ends when the work is done. */
export const whenDone: Stop = () => false;

/** Ends after so many seconds from now. */
export function afterSeconds(seconds: number): Stop {
  const end = performance.now() + 1e3 * seconds;
  return () => performance.now() >= end;
}
