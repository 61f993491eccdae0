import { ceilingsOf, deviceKind } from '../ceilings.js';
import { convBytes, convFlops } from '../geometry.js';
import { hasVectorOutput, implicitConv, isVectorLayout, type ImplicitGemm } from '../implicit.js';
import type { DeviceProfile } from '../problem.js';
import { bandwidth, gpuStartSeconds, launchSeconds, rate } from './cost.js';
import type { ConvAlgorithm } from './types.js';
import { unmeasuredCost } from './unmeasured.js';
import {
  inputTransform,
  outputTransform,
  scratchBytes,
  winogradShape,
  type WinogradShape,
} from './winograd-kernels.js';
import { winogradPacking } from './winograd-packing.js';
import { productDispatch, productGrid, productTile, sharesWeights } from './winograd-products.js';
import { winograd2, winograd4 } from './winograd-transform.js';

/** Tiles that a workgroup of the products takes at least: what a smaller number of tiles is rounded up to. */
const leastRows = 8;

/**
 * What a vec4 that a transform reads or writes costs on software adapters whose subgroups share weights: as much as so
 * many operations at the ceiling of f32.
 */
const accessOperations = 390;

/** How much faster than predicted it must be to be chosen, since it takes more memory and rounds more. */
const margin = 1.15;

/** How often scratch passes the memory of a GPU: written and read, in part through caches. */
const scratchPasses = 1.7;

/**
 * Minimal filtering for dense 3x3 convolutions of stride and dilation 1 (Lavin and Gray, arXiv 1509.09308): transform
 * the input to scratch, multiply at each of 16 or 36 points, transform the products. F(4x4) needs 4 times fewer
 * multiplications than a direct sum, F(2x2) 2.25 times; the one is taken that needs fewer, partly used tiles counted.
 */
export const winograd: ConvAlgorithm = {
  name: 'winograd',
  beyondStrict: () => 'its transforms round more than a chain of f32 multiply-adds',
  supports(problem, device) {
    if (problem.kernelHeight !== 3 || problem.kernelWidth !== 3) return 'the kernel is not 3x3';
    if (problem.strideHeight !== 1 || problem.strideWidth !== 1) return 'the stride is not 1';
    if (problem.dilationHeight !== 1 || problem.dilationWidth !== 1) return 'the dilation is not 1';
    if (problem.groups !== 1) return 'there are groups';
    return winogradLimit(implicitConv(problem), device);
  },
  cost(problem, device) {
    const seconds = predictedSeconds(implicitConv(problem), device);
    if (seconds === undefined) return unmeasuredCost('winograd', problem, device);
    return margin * seconds + convBytes(problem) / bandwidth(device);
  },
  plan(problem, device) {
    const p = implicitConv(problem);
    const shape = bestShape(p);
    const tile = productTile(shape, device);
    const { outputs } = shape.transform;
    return {
      algorithm: 'winograd',
      variant: `F(${outputs}x${outputs},3x3) ${tile.threads}x${tile.rows}x${tile.columns}`,
      dispatches: [inputTransform(p, shape, device), productDispatch(shape, tile), outputTransform(p, shape, device)],
      scratchByteLength: scratchBytes(shape),
      packing: winogradPacking(p, shape.transform, tile.columns, 4 * tile.lanes),
      flops: convFlops(problem),
      bytes: convBytes(problem),
    };
  },
};

/** Predicted seconds of the three dispatches; undefined on kinds of device where nobody timed them. */
function predictedSeconds(p: ImplicitGemm, device: DeviceProfile): number | undefined {
  const isSoftware = sharesWeights(device);
  if (!isSoftware && deviceKind(device) !== 'nvidia') return undefined;
  const shape = bestShape(p);
  const tile = productTile(shape, device);
  const [rowBlocks, columnBlocks, points] = productGrid(shape, tile);
  const rows = rowBlocks * tile.threads * tile.rows;
  const flops = 2 * points * rows * columnBlocks * tile.columns * shape.channelQuads * 4;
  const products = flops / rate('winograd products', device);
  if (isSoftware) return 3 * launchSeconds(device) + products + accessSeconds(p, shape, device);
  const invocations = rowBlocks * columnBlocks * points * tile.threads;
  const idle = Math.max(1, (ceilingsOf(device).cores * 256) / invocations);
  const starts = 3 * (launchSeconds(device) + gpuStartSeconds);
  return starts + idle * products + (scratchPasses * scratchBytes(shape)) / bandwidth(device);
}

/** What the transforms of a software adapter read and write, a vec4 at a time. */
function accessSeconds(p: ImplicitGemm, shape: WinogradShape, device: DeviceProfile): number {
  const points = shape.transform.points ** 2;
  const loads = isVectorLayout(p.input, p.channels) ? 1 : 4;
  const stores = (hasVectorOutput(p) ? 1 : 4) * shape.transform.outputs ** 2;
  const accesses = shape.tiles * (shape.channelQuads * points * (loads + 1) + shape.columnQuads * (points + stores));
  return (accesses * accessOperations) / ceilingsOf(device).f32Flops;
}

/** The variant with fewer multiplications. */
function bestShape(p: ImplicitGemm): WinogradShape {
  const multiplications = ({ transform, tiles }: WinogradShape): number =>
    transform.points ** 2 * Math.ceil(tiles / leastRows) * leastRows;
  const two = winogradShape(p, winograd2);
  const four = winogradShape(p, winograd4);
  return multiplications(two) < multiplications(four) ? two : four;
}

function winogradLimit(p: ImplicitGemm, device: DeviceProfile): true | string {
  const shape = bestShape(p);
  const tile = productTile(shape, device);
  const sizes = {
    scratch: scratchBytes(shape),
    'packed weights': winogradPacking(p, shape.transform, tile.columns, 4 * tile.lanes).byteLength,
  };
  for (const [name, bytes] of Object.entries(sizes)) {
    if (bytes > device.maxStorageBinding) {
      return `${name} of ${bytes} bytes exceed the ${device.maxStorageBinding} that can be bound`;
    }
  }
  const grid = productGrid(shape, tile);
  const most = device.maxWorkgroupsPerDimension;
  return Math.max(...grid) <= most || `${grid.join('x')} workgroups exceed ${most} a dimension`;
}
