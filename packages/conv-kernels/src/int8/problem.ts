import type { ActivationFunction, ActivationLayout, ConvProblem, MatrixLayout } from '../problem.js';

/** The type of 8-bit elements. */
export type Int8Type = 'int8' | 'uint8';

/**
 * How 8-bit elements lie in a buffer: one in each 32-bit word (sign- or zero-extended), or four in a word, the first in
 * its lowest byte. Layouts count elements in both.
 */
export type Int8Storage = 'words' | 'bytes';

/** A zero point: known now, or the first element of a buffer of 32-bit words. */
export type ZeroPoint = number | 'operand';

/**
 * What becomes of the exact sums (i32, wrapping): stored as they are; times `scale` as f32; or, `value` being the sum
 * times `scale`, activated, as clamp(round half to even(value / divisor) + zero).
 */
export type Int8Result =
  | { readonly type: 'int32' }
  | { readonly type: 'f32'; readonly activation?: ActivationFunction }
  | {
      readonly type: Int8Type;
      readonly storage: Int8Storage;
      readonly zero: ZeroPoint;
      readonly activation?: ActivationFunction;
      /** Defaults to 1: then `scale` holds the output's scale already. */
      readonly divisor?: number;
    };

/** What int8 convolutions and products have in common. */
export interface Int8Arithmetic {
  readonly inputType: Int8Type;
  readonly inputStorage: Int8Storage;
  readonly inputZero: ZeroPoint;
  readonly weightType: Int8Type;
  /** Zero points of the weights: none, or in the buffer `weightZero` one for all or one for each output channel. */
  readonly weightZero: 'none' | 'tensor' | 'channel';
  /** True where the weights are known when the plan is made, so that it packs them on the host. */
  readonly constantWeights: boolean;
  /** One i32 for each output channel, in the buffer `bias`. */
  readonly bias: boolean;
  /** Where in the buffer `scale` the f32 that sums are multiplied by lie: one for all, or one for each output channel. Of int32 results there is none. */
  readonly scale: 'none' | 'tensor' | 'channel';
  readonly result: Int8Result;
}

/**
 * A convolution of 8-bit integers, sum of (x - inputZero) * (w - weightZero); padding counts as inputZero. Buffers:
 * `input`, `weights` ([outChannels, inChannels / groups, kernel...], packed or one element a word), and as the
 * problem says `bias` (i32), `scale` (f32), `inputZero`, `weightZero`, `outputZero` (32-bit words), `output`.
 */
export interface Int8ConvProblem
  extends Omit<ConvProblem, 'elementType' | 'epilogue' | 'constantWeights'>, Int8Arithmetic {
  readonly input: ActivationLayout;
  readonly output: ActivationLayout;
}

/**
 * A matrix product of 8-bit integers, C = (A - inputZero) x (B - weightZero): as GemmProblem, A is `input`, B is
 * `weights`; output channels are columns.
 */
export interface Int8GemmProblem extends Int8Arithmetic {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: MatrixLayout;
  /** Elements, one a word unless constant. */
  readonly b: MatrixLayout;
  readonly c: MatrixLayout;
}
