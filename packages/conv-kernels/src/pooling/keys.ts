import { outputType } from '../geometry.js';
import { activationKey, convKey, layoutKey } from '../problem-key.js';
import type { AveragedProductProblem } from './averaged-product.js';
import type { PooledConvProblem } from './pooled-conv.js';

/** As `convKey`: that of the convolution with the windows, and where the maxima go. */
export function pooledConvKey({ conv, pool, output }: PooledConvProblem): string {
  const { kernel, stride, padBegin } = pool;
  const to = layoutKey(output, [conv.batch, conv.outChannels, ...pool.output]);
  const windows = `${kernel.join('x')} stride ${stride.join('x')} pads ${padBegin.join()} to ${pool.output.join('x')}`;
  return `pooled ${windows} ${to} ${convKey(conv)}`;
}

/** As `convKey`, of a product of means. */
export function averagedProductKey(p: AveragedProductProblem): string {
  const { batch, channels, height, width, columns, output } = p;
  return [
    `averaged ${p.elementType} ${batch}x${channels}x${height}x${width} to ${columns}`,
    layoutKey(p.input, [batch, channels, height, width]),
    `to ${outputType(p) === p.elementType ? '' : 'f32 '}${output.offset}+${output.rowStride},${output.columnStride}`,
    ...(p.epilogue.bias ? ['bias'] : []),
    ...activationKey(p.epilogue),
  ].join(' ');
}
