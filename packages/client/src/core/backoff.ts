/**
 * Full jitter: a random delay below a bound that doubles with every failure in a row. Clients that lost their server at
 * the same moment come back spread out, and the first of them almost at once.
 */
export const backoff = (
  failures: number,
  { base, cap }: { readonly base: number; readonly cap: number },
  random: () => number,
): number => random() * Math.min(cap, base * 2 ** (failures - 1))
