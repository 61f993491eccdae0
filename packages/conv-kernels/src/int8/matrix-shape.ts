import { subgroupLanes } from '../algorithms/matrix/shape.js';
import type { ImplicitGemm } from '../implicit.js';
import type { WeightPacking } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import type { Int8Shape } from './implicit.js';
import { signedShift } from './store.js';

/** How a kernel multiplies on i8 matrices with i32 sums, and what each workgroup takes. */
export interface Int8MatrixShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly lanes: number;
  /** Whether the kernel must ask for subgroups of that size. */
  readonly pinsLanes: boolean;
  /** Of a workgroup, one above the other; each takes `subgroupRows` rows and all columns. */
  readonly subgroups: number;
  readonly subgroupRows: number;
  readonly columns: number;
  /** Channels of one tap in workgroup memory at a time. */
  readonly depth: number;
}

/** The shape for a device, or why there is none. */
export function int8MatrixShape(device: DeviceProfile): Int8MatrixShape | string {
  const configs = device.subgroupMatrixConfigs
    .filter((c) => c.componentType === 'i8' && c.resultComponentType === 'i32')
    .filter(({ M, N, K }) => 16 % M === 0 && 64 % N === 0 && N % 16 === 0 && K % 16 === 0 && 64 % K === 0)
    .sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K);
  if (configs.length === 0) return 'the device multiplies no i8 matrices with sums in i32';
  const lanes = subgroupLanes(device);
  if (lanes === undefined) return 'the device has subgroups of several sizes and no control of them';
  const [{ M: m, N: n, K: k }] = configs;
  const pinsLanes = device.subgroupMinSize !== device.subgroupMaxSize;
  return { m, n, k, lanes, pinsLanes, subgroups: 4, subgroupRows: 16, columns: 64, depth: Math.max(k, 32) };
}

/** Rows of a workgroup. */
export function workgroupRows({ subgroups, subgroupRows }: Int8MatrixShape): number {
  return subgroups * subgroupRows;
}

/** Vectors of 16 bytes in workgroup memory: the input's slice, the weights' after it, and the sums in their place. */
export function stageVectors(s: Int8MatrixShape): { readonly input: number; readonly total: number } {
  const input = (workgroupRows(s) * s.depth) / 16;
  return { input, total: Math.max(input + (s.depth * s.columns) / 16, (workgroupRows(s) * s.columns) / 4) };
}

/** Where packed weights lie: channels and columns padded to whole tiles; the sums of columns begin at `sumsAt`, in vec4u. */
export interface Int8MatrixWeights {
  readonly channels: number;
  readonly columns: number;
  readonly sumsAt: number;
  readonly vectors: number;
}

export function matrixWeights(p: ImplicitGemm, s: Int8MatrixShape): Int8MatrixWeights {
  const channels = Math.ceil(p.channels / s.depth) * s.depth;
  const columns = Math.ceil(p.columns / s.columns) * s.columns;
  const sumsAt = (p.groups * p.taps * channels * columns) / 16;
  return { channels, columns, sumsAt, vectors: sumsAt + (p.groups * columns) / 4 };
}

/** Weights as signed bytes, [group][tap][channel][column], then the sum of each column, [group][column]; zeros fill up both. */
export function int8MatrixPacking({ gemm, arithmetic }: Int8Shape, s: Int8MatrixShape): WeightPacking {
  const { groups, columns, channels, taps, weights: w } = gemm;
  const packed = matrixWeights(gemm, s);
  const shift = signedShift(arithmetic.weightType);
  return {
    key: `int8-matrix-${arithmetic.weightType}-${groups}x${columns}/${packed.columns}x${channels}/${packed.channels}x${taps}-${w.g}.${w.n}.${w.c}.${w.t}`,
    byteLength: packed.vectors * 16,
    pack(values) {
      const bytes = new Int8Array(packed.vectors * 16);
      const sums = new Int32Array(bytes.buffer, packed.sumsAt * 16);
      for (let g = 0; g < groups; g++) {
        for (let t = 0; t < taps; t++) {
          for (let c = 0; c < channels; c++) {
            const row = ((g * taps + t) * packed.channels + c) * packed.columns;
            for (let n = 0; n < columns; n++) {
              const value = values[g * w.g + n * w.n + c * w.c + t * w.t] - shift;
              bytes[row + n] = value;
              sums[g * packed.columns + n] += value;
            }
          }
        }
      }
      return new Uint32Array(bytes.buffer);
    },
  };
}
