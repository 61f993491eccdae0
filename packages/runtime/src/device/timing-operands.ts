/** Operands of timings that hold numbers; the others are zeros. */
export type TimedOperand = 'input' | 'weights';

/**
 * The bits that both sorts of number share in front. Read as halves, input is from 1 to 2 and weights from 0.5 to 1; read
 * as floats, input is from 2^-7 to 2 and weights from 2^-15 to 2^-7: as large as activations and weights are, since kernels
 * that split f32 in two f16 sum again where their input is far from 1.
 */
const leading: Readonly<Record<TimedOperand, number>> = { input: 0x3c00, weights: 0x3800 };

/** Values whose bits vary as real ones do, and whose sums do not overflow, whether read as f16 or as f32. */
export function timingValues(operand: TimedOperand, byteLength: number): Uint16Array<ArrayBuffer> {
  const words = new Uint16Array(byteLength / 2);
  const seeds = Math.min(words.length, 2 ** 16);
  let state = 1;
  for (let i = 0; i < seeds; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    words[i] = leading[operand] | (state >>> 22);
  }
  for (let done = seeds; done < words.length; done *= 2) words.copyWithin(done, 0, done);
  return words;
}
