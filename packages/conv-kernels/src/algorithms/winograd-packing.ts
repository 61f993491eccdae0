import type { ImplicitGemm } from '../implicit.js';
import type { WeightPacking } from '../plan.js';
import type { WinogradTransform } from './winograd-transform.js';

/**
 * Filters transformed in fp64 and rounded once to f32, as [point][column block][channel][column in block], the channels
 * filled up with zeros to a multiple of 4. `slack` more zeros follow, for kernels that read whole runs of lanes.
 */
export function winogradPacking(p: ImplicitGemm, t: WinogradTransform, block: number, slack: number): WeightPacking {
  const channels = Math.ceil(p.channels / 4) * 4;
  const blocks = Math.ceil(p.columns / block);
  const points = t.points * t.points;
  const count = points * blocks * channels * block + slack;
  return {
    key: `winograd-${t.outputs}-${block}-${p.columns}x${p.channels}+${slack}`,
    byteLength: count * 4,
    pack(values) {
      const out = new Float32Array(count);
      const pointStep = blocks * channels * block;
      const both = outerProduct(t);
      for (let n = 0; n < p.columns; n++) {
        const columnAt = Math.floor(n / block) * channels * block + (n % block);
        for (let c = 0; c < p.channels; c++) {
          const from = (n * p.channels + c) * p.taps;
          for (let point = 0; point < points; point++) {
            let sum = 0;
            for (let tap = 0; tap < p.taps; tap++) sum += both[point * p.taps + tap] * values[from + tap];
            out[point * pointStep + columnAt + c * block] = sum;
          }
        }
      }
      return out;
    },
  };
}

/** The filter transform along both axes as one matrix, [point y][point x][tap y][tap x]. */
function outerProduct({ filter, points, taps }: WinogradTransform): Float64Array {
  const out = new Float64Array((points * taps) ** 2);
  let at = 0;
  for (let i = 0; i < points; i++)
    for (let j = 0; j < points; j++)
      for (let y = 0; y < taps; y++) for (let x = 0; x < taps; x++) out[at++] = filter[i][y] * filter[j][x];
  return out;
}
