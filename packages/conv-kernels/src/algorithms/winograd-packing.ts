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
  const step = blocks * channels * block;
  const count = t.points ** 2 * step + slack;
  return {
    key: `winograd-${t.outputs}-${block}-${p.columns}x${p.channels}+${slack}`,
    byteLength: count * 4,
    pack(values) {
      const out = new Float32Array(count);
      const filter = filterTransform(t);
      let at = 0;
      for (let first = 0; first < p.columns; first += block) {
        const used = Math.min(block, p.columns - first);
        for (let c = 0; c < p.channels; c++) {
          for (let i = 0; i < used; i++) filter(values, ((first + i) * p.channels + c) * p.taps, out, at + i, step);
          at += block;
        }
        at += (channels - p.channels) * block;
      }
      return out;
    },
  };
}

/** A function that transforms the filter at `from` along both axes, and writes its points `step` apart from `to` on. */
function filterTransform({
  filter,
  points,
  taps,
}: WinogradTransform): (values: Float32Array, from: number, out: Float32Array, to: number, step: number) => void {
  const g = Float64Array.from(filter.flat());
  const half = new Float64Array(points * taps);
  return (values, from, out, to, step) => {
    for (let i = 0; i < points; i++) {
      for (let x = 0; x < taps; x++) {
        let sum = 0;
        for (let y = 0; y < taps; y++) sum += g[i * taps + y] * values[from + y * taps + x];
        half[i * taps + x] = sum;
      }
    }
    let at = to;
    for (let i = 0; i < points; i++) {
      for (let j = 0; j < points; j++) {
        let sum = 0;
        for (let x = 0; x < taps; x++) sum += half[i * taps + x] * g[j * taps + x];
        out[at] = sum;
        at += step;
      }
    }
  };
}
