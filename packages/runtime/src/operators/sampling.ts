import { outside, sampleEmission, sampleTable, type AxisSamples } from '../kernels/sample.js';
import { rowMajorStrides } from './elementwise.js';
import { fromNumbers, toNumbers } from './helpers.js';
import { forEachIndex, product } from './host-index.js';
import type { LowerContext } from './types.js';
import type { Tensor } from '../tensor.js';

/** Lowers a node whose output samples input 0 along some axes; keeps a channels-last input so. */
export function lowerSampling(context: LowerContext, samples: readonly AxisSamples[], key: string, fill: number): void {
  const input = context.input(0);
  const output = context.allocate(
    context.outputType(0),
    context.layoutOf(input) === 'channels-last' ? 'channels-last' : 'row-major',
  );
  if (product(output.shape) > 0) {
    const table = context.table(key, 'u32', sampleTable(samples));
    context.emit(sampleEmission(input, output, samples, table, fill, context.profile));
  }
  context.output(0, output);
}

/** The same on the host. */
export function evaluateSampling(
  input: Tensor,
  shape: readonly number[],
  samples: readonly AxisSamples[],
  fill: number,
): Tensor {
  const values = toNumbers(input);
  const strides = rowMajorStrides(input.dims);
  const result = new Float64Array(product(shape));
  forEachIndex(shape, (index, flat) => {
    let terms: readonly { at: number; weight: number }[] = [{ at: 0, weight: 1 }];
    index.forEach((position, axis) => {
      const s = samples.find((candidate) => candidate.axis === axis);
      if (!s) terms = terms.map(({ at, weight }) => ({ at: at + position * strides[axis], weight }));
      else terms = terms.flatMap((term) => tapsOf(s, position, strides[axis], term));
    });
    const isOutside = terms.some(({ at }) => !Number.isFinite(at));
    result[flat] = isOutside
      ? fill
      : terms.reduce((sum, { at, weight }) => sum + (weight === 1 ? values[at] : values[at] * weight), 0);
  });
  return fromNumbers(input.dataType, shape, result);
}

interface Term {
  readonly at: number;
  readonly weight: number;
}

function tapsOf({ taps, indices, weights }: AxisSamples, position: number, stride: number, term: Term): Term[] {
  return Array.from({ length: taps }, (_, t) => {
    const entry = position * taps + t;
    const index = indices[entry] === outside ? Infinity : indices[entry];
    return {
      at: index === Infinity ? Infinity : term.at + index * stride,
      weight: term.weight * (weights?.[entry] ?? 1),
    };
  });
}
