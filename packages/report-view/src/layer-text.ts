import type { LayerTime } from '@tessera/runtime';
import { formatMs, formatShape, threeDigits } from './format.js';

/** The lines of a tooltip: which layer, how it is computed, its time and rates. */
export function layerText({ name, opType, algorithm, shape, ms, flops, bytes }: LayerTime): string {
  const rates = [
    flops > 0 && `${threeDigits(flops / ms / 1e6)} GFLOP/s`,
    bytes > 0 && `${threeDigits(bytes / ms / 1e6)} GB/s`,
  ].filter((rate) => rate !== false);
  return [name, `${opType}, ${algorithm}`, `${formatShape(shape)}, ${formatMs(ms)}`, rates.join(', ')]
    .filter((line) => line !== '')
    .join('\n');
}
