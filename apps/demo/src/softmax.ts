/** Probabilities of scores: exp(x - max) over their sum. */
export function softmax(scores: ArrayLike<number>): number[] {
  const values = Array.from(scores);
  const most = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
