import { ceilingsOf } from '../ceilings.js';
import type { Candidate, ChoiceOptions } from '../candidates.js';
import { launchSeconds } from '../algorithms/cost.js';
import { elementBytes } from '../geometry.js';
import { explainGemm } from '../gemm.js';
import type { Plan } from '../plan.js';
import type { ActivationFunction, ActivationLayout, DeviceProfile, GemmProblem } from '../problem.js';
import { referenceEpilogue, type ReferenceOperands } from '../reference.js';
import { averagedProductKey } from './keys.js';
import { chooseTogether, type Together } from './together.js';
import {
  averagedProductBlocks,
  averagedProductKernel,
  averagedProductLimit,
  averagedProductPacking,
  averagedProductThreads,
} from './averaged-product-kernel.js';

/**
 * Y = activation(M x B + bias): M is [batch, channels], the means of a tensor over its height and width, B a constant
 * [channels, columns], Y [batch, columns]. The end of a classifier, and the squeeze of squeeze-and-excitation.
 */
export interface AveragedProductProblem {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly columns: number;
  /** Storage type of input, output and packed weights; sums are f32. */
  readonly elementType: 'f32' | 'f16';
  /** True where Y is stored as f32 although `elementType` is f16. */
  readonly f32Output?: boolean;
  /** Of [batch, channels, height, width]. */
  readonly input: ActivationLayout;
  /** Of the values that are packed, in elements. */
  readonly weights: { readonly channelStride: number; readonly columnStride: number };
  readonly output: { readonly offset: number; readonly rowStride: number; readonly columnStride: number };
  /** bias: one f32 a column, in a buffer of its own. */
  readonly epilogue: { readonly bias: boolean; readonly activation?: ActivationFunction };
}

/** The name by which it is forced or forbidden. */
const algorithm = 'averaged-product';

/**
 * What GPUs are taken to read out of their caches, as multiples of what memory gives: all cores together, and one core
 * beside its share of memory. Not measured.
 */
const cached = { together: 1.5, core: 3 };

/** Seconds of one turn of a loop whose loads nothing hides. */
const turnSeconds = 7e-7;

/** The share of a software adapter's multiply-add ceiling that sums reach: of the one kernel, and of means by themselves. */
const softwareRates = { fused: 0.013, means: 0.0027 };

function fusedSeconds(p: AveragedProductProblem, device: DeviceProfile): number {
  const size = elementBytes(p.elementType);
  const blocks = averagedProductBlocks(p);
  const positions = p.height * p.width;
  if (device.isSoftware) {
    const sums = p.batch * p.channels * (blocks * positions + p.columns);
    return launchSeconds(device) + sums / (ceilingsOf(device).f32Flops * softwareRates.fused);
  }
  const { bytes, cores } = ceilingsOf(device);
  const groupBytes = size * p.channels * (positions + Math.ceil(p.columns / blocks));
  const groups = blocks * p.batch;
  const core = (Math.ceil(groups / cores) * groupBytes * cores) / (cached.core * bytes);
  const together = (groups * groupBytes) / (cached.together * bytes);
  const weights = (size * p.channels * p.columns) / bytes;
  return launchSeconds(device) + 2 * turnSeconds + Math.max(core, together, weights);
}

/** The product alone, of means that lie row-major. */
export function productOfMeans({
  batch,
  channels,
  columns,
  elementType,
  f32Output,
  weights,
  output,
  epilogue,
}: AveragedProductProblem): GemmProblem {
  return {
    batch: 1,
    m: batch,
    n: columns,
    k: channels,
    elementType,
    f32Output,
    a: { offset: 0, batchStride: 0, rowStride: channels, columnStride: 1 },
    b: { offset: 0, batchStride: 0, rowStride: weights.channelStride, columnStride: weights.columnStride },
    c: { ...output, batchStride: 0 },
    epilogue,
  };
}

/** The means by themselves, then the product by the best kernel. */
function apartSeconds(p: AveragedProductProblem, device: DeviceProfile, options: ChoiceOptions): number {
  const { batch, channels, elementType } = p;
  const { strict, tuning } = options;
  const [product] = explainGemm(productOfMeans(p), device, { strict, tuning, constantB: true });
  const elements = batch * channels * p.height * p.width;
  const sums = device.isSoftware ? elements / (ceilingsOf(device).f32Flops * softwareRates.means) : 2 * turnSeconds;
  const means = launchSeconds(device) + sums + (elements * elementBytes(elementType)) / ceilingsOf(device).bytes;
  return means + (product.measuredSeconds ?? product.predictedSeconds ?? Infinity);
}

function together(p: AveragedProductProblem, device: DeviceProfile, options: ChoiceOptions): Together {
  return {
    algorithm,
    key: averagedProductKey(p),
    refusal: averagedProductLimit(p, device),
    seconds: () => fusedSeconds(p, device),
    secondsApart: () => apartSeconds(p, device, options),
    plan: () => planOf(p, device),
  };
}

function planOf(p: AveragedProductProblem, device: DeviceProfile): Plan {
  const size = elementBytes(p.elementType);
  const inputs = p.batch * p.channels * p.height * p.width;
  return {
    algorithm,
    variant: `${averagedProductThreads(device)}`,
    dispatches: [averagedProductKernel(p, device)],
    scratchByteLength: 0,
    packing: averagedProductPacking(p),
    flops: 2 * p.batch * p.channels * p.columns + inputs,
    bytes: size * (inputs + p.channels * p.columns + p.batch * p.columns),
  };
}

/** The product with the means in one dispatch; undefined where the means by themselves are predicted to be faster. */
export function planAveragedProduct(
  problem: AveragedProductProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): Plan | undefined {
  return chooseTogether(together(problem, device, options), options).plan;
}

/** Both ways with their predicted times, the faster first. */
export function explainAveragedProduct(
  problem: AveragedProductProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): readonly Candidate[] {
  return chooseTogether(together(problem, device, options), options).candidates;
}

/** An averaged product by plain loops in fp64; writes into `output`, laid out as the problem says. */
export function referenceAveragedProduct(
  p: AveragedProductProblem,
  operands: ReferenceOperands,
  output: Float64Array,
): void {
  const [sn, sc, sy, sx] = p.input.strides;
  for (let n = 0; n < p.batch; n++) {
    const means = Float64Array.from({ length: p.channels }, (_, c) => {
      let sum = 0;
      for (let y = 0; y < p.height; y++) {
        for (let x = 0; x < p.width; x++) sum += operands.input[p.input.offset + n * sn + c * sc + y * sy + x * sx];
      }
      return sum / (p.height * p.width);
    });
    for (let column = 0; column < p.columns; column++) {
      const { channelStride, columnStride } = p.weights;
      let sum = 0;
      means.forEach((mean, c) => (sum += mean * operands.weights[c * channelStride + column * columnStride]));
      const at = p.output.offset + n * p.output.rowStride + column * p.output.columnStride;
      output[at] = referenceEpilogue(p.epilogue, operands, column, sum);
    }
  }
}
