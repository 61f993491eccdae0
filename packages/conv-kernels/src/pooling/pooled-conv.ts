import { columns, lineLimit, linePacking, pixels } from '../algorithms/few-channels-lines.js';
import { dispatchSeconds, gpuStartSeconds, launchSeconds } from '../algorithms/cost.js';
import type { Candidate, ChoiceOptions } from '../candidates.js';
import { ceilingsOf } from '../ceilings.js';
import { convSeconds } from '../f32-input.js';
import { convBytes, convFlops, convOutputDims, elementBytes, layoutEnd } from '../geometry.js';
import { implicitConv } from '../implicit.js';
import type { Plan } from '../plan.js';
import type { ActivationLayout, ConvProblem, DeviceProfile } from '../problem.js';
import { referenceConv, type ReferenceOperands } from '../reference.js';
import { pooledConvKey } from './keys.js';
import { chooseTogether, type Together } from './together.js';
import { pooledConvKernel, pooledTiles, tileInvocations, type PooledTile } from './pooled-conv-kernel.js';

/** Windows over height and width, in that order. Positions in the padding are no part of a window. */
export interface PoolWindow {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Before the first row and the first column. */
  readonly padBegin: readonly [number, number];
  /** Of the pooled tensor. */
  readonly output: readonly [number, number];
}

/** The maxima over windows of what a convolution, with its epilogue, gives. */
export interface PooledConvProblem {
  /** Its `output` says where the convolution's results lie where they are stored; one kernel stores the maxima alone. */
  readonly conv: ConvProblem;
  readonly pool: PoolWindow;
  /** Of [batch, outChannels, pool.output]. */
  readonly output: ActivationLayout;
}

/** The name by which it is forced or forbidden. */
const algorithm = 'few-channels-pool';

/**
 * How many times longer a thread takes for a sum where it computes eight channels at a time and not sixteen: it reads the
 * input for half as many. Not measured.
 */
const narrowFactor = 1.2;

/** Operations that a maximum over a window takes a software adapter, for each element of it, at the ceiling's rate. */
const softwareMaximum = { together: 100, apart: 80 };

function limit(problem: PooledConvProblem, device: DeviceProfile): string | undefined {
  const { conv, pool } = problem;
  if (conv.depth) return 'the convolution has three spatial dimensions';
  if (conv.constantWeights === false) return 'the weights are not constant';
  if (conv.epilogue.residual || conv.epilogue.slope) return 'the epilogue has a residual or slopes';
  if (pool.padBegin.some((pad, i) => pad >= pool.kernel[i])) return 'some windows lie in the padding';
  const lines = lineLimit(implicitConv(conv), device);
  if (lines !== undefined) return lines;
  if (pooledTiles(problem, device).length === 0) return 'no tile of windows fits the device';
  const { batch, outChannels, elementType } = conv;
  const end = layoutEnd(problem.output, [batch, outChannels, ...pool.output]);
  return end * elementBytes(elementType) > device.maxStorageBinding
    ? 'the output is larger than what can be bound'
    : undefined;
}

/** Bytes that must move at least once. */
function bytesOf({ conv, pool }: PooledConvProblem): number {
  const [n, c, h, w] = convOutputDims(conv);
  const size = elementBytes(conv.elementType);
  return convBytes(conv) + size * n * c * (pool.output[0] * pool.output[1] - h * w);
}

function tileSeconds(problem: PooledConvProblem, tile: PooledTile, device: DeviceProfile): number {
  const p = implicitConv(problem.conv);
  const invocations = tileInvocations(problem, tile);
  const outputs = invocations * pixels * tile.channels;
  const factor = tile.channels === columns ? 1 : narrowFactor;
  const flops = 2 * outputs * p.channels * p.taps * factor;
  const sums = dispatchSeconds('few-channels', { outputs, flops, invocations, bytes: bytesOf(problem) }, device);
  if (!device.isSoftware) return sums;
  return sums + (softwareMaximum.together * elementsPooled(problem)) / ceilingsOf(device).f32Flops;
}

function fastestTile(problem: PooledConvProblem, device: DeviceProfile): PooledTile {
  const seconds = (tile: PooledTile): number => tileSeconds(problem, tile, device);
  return pooledTiles(problem, device).reduce((best, tile) => (seconds(tile) < seconds(best) ? tile : best));
}

/** Elements that the maxima see, one that several windows share counted for each. */
function elementsPooled({ conv, pool }: PooledConvProblem): number {
  const windows = conv.batch * conv.outChannels * pool.output[0] * pool.output[1];
  return windows * pool.kernel[0] * pool.kernel[1];
}

/** The convolution by the best kernel, then the maxima of what it stored. */
function apartSeconds(problem: PooledConvProblem, device: DeviceProfile, options: ChoiceOptions): number {
  const { conv, pool } = problem;
  const [n, c, h, w] = convOutputDims(conv);
  const { f32Flops, bytes } = ceilingsOf(device);
  const moved = elementBytes(conv.elementType) * n * c * (h * w + pool.output[0] * pool.output[1]);
  const maxima = device.isSoftware ? (softwareMaximum.apart * elementsPooled(problem)) / f32Flops : gpuStartSeconds;
  const pooling = launchSeconds(device) + maxima + moved / bytes;
  return pooling + convSeconds(conv, device, { strict: options.strict, tuning: options.tuning });
}

function planOf(problem: PooledConvProblem, tile: PooledTile, device: DeviceProfile): Plan {
  return {
    algorithm,
    variant: `${tile.rows}x${tile.columns}x${tile.channels}`,
    dispatches: [pooledConvKernel(problem, tile, device)],
    scratchByteLength: 0,
    packing: linePacking(implicitConv(problem.conv), device, tile.channels),
    flops: convFlops(problem.conv),
    bytes: bytesOf(problem),
  };
}

function together(problem: PooledConvProblem, device: DeviceProfile, options: ChoiceOptions): Together {
  return {
    algorithm,
    key: pooledConvKey(problem),
    refusal: limit(problem, device),
    seconds: () => tileSeconds(problem, fastestTile(problem, device), device),
    secondsApart: () => apartSeconds(problem, device, options),
    plan: () => planOf(problem, fastestTile(problem, device), device),
  };
}

/** Whether a convolution may be pooled by its own kernel, before the windows are known. */
export function mayPoolConv(conv: ConvProblem, device: DeviceProfile): boolean {
  return !conv.depth && lineLimit(implicitConv(conv), device) === undefined;
}

/** The convolution with the maxima in one dispatch; undefined where it stored whole is predicted to be faster. */
export function planPooledConv(
  problem: PooledConvProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): Plan | undefined {
  return chooseTogether(together(problem, device, options), options).plan;
}

/** Both ways with their predicted times, the faster first. */
export function explainPooledConv(
  problem: PooledConvProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): readonly Candidate[] {
  return chooseTogether(together(problem, device, options), options).candidates;
}

/** A pooled convolution by plain loops in fp64; writes into `output`, laid out as the problem says. */
export function referencePooledConv(
  { conv, pool, output: layout }: PooledConvProblem,
  operands: ReferenceOperands,
  output: Float64Array,
): void {
  const [n, c, h, w] = convOutputDims(conv);
  const whole = new Float64Array(n * c * h * w);
  const dense = { offset: 0, strides: [c * h * w, h * w, w, 1] as const };
  referenceConv({ ...conv, output: dense }, operands, whole);
  const [sn, sc, sy, sx] = layout.strides;
  const inside = (output_: number, axis: 0 | 1, size: number): number[] =>
    Array.from({ length: pool.kernel[axis] }, (_, k) => output_ * pool.stride[axis] - pool.padBegin[axis] + k).filter(
      (at) => at >= 0 && at < size,
    );
  for (let plane = 0; plane < n * c; plane++) {
    for (let y = 0; y < pool.output[0]; y++) {
      for (let x = 0; x < pool.output[1]; x++) {
        const values = inside(y, 0, h).flatMap((iy) => inside(x, 1, w).map((ix) => whole[plane * h * w + iy * w + ix]));
        const at = layout.offset + Math.floor(plane / c) * sn + (plane % c) * sc + y * sy + x * sx;
        output[at] = Math.max(...values);
      }
    }
  }
}
