import type { NodeContext } from './types.js';

/** The shape that a MaxPool with these attributes turned into `x`, as MaxUnpool takes it. */
export function poolOutputShape(context: NodeContext, x: readonly number[]): readonly number[] {
  const rank = x.length - 2;
  const { attributes } = context;
  const kernel = attributes.ints('kernel_shape');
  const ones = kernel.map(() => 1);
  const strides = attributes.ints('strides', ones);
  const pads = attributes.ints(
    'pads',
    [...ones, ...ones].map(() => 0),
  );
  if (kernel.length !== rank || strides.length !== rank || pads.length !== 2 * rank) {
    context.fail(`kernel_shape, strides and pads must have ${rank}, ${rank} and ${2 * rank} numbers`);
  }
  const spatial = kernel.map((size, i) => (x[i + 2] - 1) * strides[i] - pads[i] - pads[rank + i] + size);
  return [x[0], x[1], ...spatial];
}
