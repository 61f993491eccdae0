import type { Window } from '../kernels/volume.js';
import { forEachTap } from './conv-evaluate.js';
import { forEachIndex, product } from './host-index.js';

/** One window's elements: their values, their positions within the input plane, and how many positions it has with padding. */
export interface PoolWindow {
  readonly values: number[];
  readonly positions: number[];
  readonly paddedCount: number;
}

/** Visits the window of every output element of a pooling over [N, C, spatial...]. */
export function forEachWindow(
  window: Window,
  inputDims: readonly number[],
  outputDims: readonly number[],
  x: Float64Array,
  visit: (window: PoolWindow, plane: number, flat: number) => void,
): void {
  const input = inputDims.slice(2);
  const size = product(input);
  const padded: Window = { ...window, padsBegin: window.padsBegin.map(() => 0) };
  const paddedSize = input.map((extent, i) => extent + window.padsBegin[i] + window.padsEnd[i]);
  forEachIndex(outputDims, ([n, c, ...position], flat) => {
    const plane = n * outputDims[1] + c;
    const [values, positions]: number[][] = [[], []];
    forEachTap(window, input, position, (at) => {
      values.push(x[plane * size + at]);
      positions.push(at);
    });
    let paddedCount = 0;
    forEachTap(padded, paddedSize, position, () => paddedCount++);
    visit({ values, positions, paddedCount }, plane, flat);
  });
}
