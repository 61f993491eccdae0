import { beforeAll, describe, expect, it } from 'vitest';
import { tiles } from '../src/algorithms/tile-choice.js';
import { blockPacking } from '../src/packing/blocks.js';
import { convBytes, convFlops, type ConvProblem, type Plan } from '../src/index.js';
import { implicitConv } from '../src/implicit.js';
import {
  partialBytes,
  tiledDispatches,
  tiledShape,
  tileMemory,
  tileName,
  tileThreads,
  type Tile,
} from '../src/algorithms/tiled-kernel.js';
import { convProblem, type ConvCase } from './cases.js';
import { checkConvPlan } from './check.js';
import { acquire, type TestDevice } from './harness.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

function plan(problem: ConvProblem, tile: Tile, splits: number, packed: boolean): Plan {
  const p = implicitConv(problem);
  const dispatches = tiledDispatches(p, tiledShape(p, tile, packed, splits), test.profile);
  if (typeof dispatches === 'string') throw new Error(dispatches);
  return {
    algorithm: 'implicit-gemm',
    variant: tileName(tile),
    dispatches,
    scratchByteLength: partialBytes(p, splits),
    packing: packed ? blockPacking(p, tile.columns) : undefined,
    flops: convFlops(problem),
    bytes: convBytes(problem),
  };
}

const padded: ConvCase = {
  channels: [20, 72],
  size: [13, 11],
  kernel: [3, 3],
  stride: [1, 2],
  pads: [1, 1, 1, 1],
  bias: true,
  residual: 'nhwc',
};
/** Software adapters are never given these kernels, and may compile a large one for a minute. */
const largestOnSoftware = 64 * 32;
const small = tiles[tiles.length - 1].tile;

describe('the tiled implicit GEMM', () => {
  for (const { tile } of tiles) {
    it(`agrees with the reference with tiles of ${tileName(tile)}`, async () => {
      if (test.profile.isSoftware && tile.rows * tile.columns > largestOnSoftware) return;
      const { maxInvocationsPerWorkgroup, maxWorkgroupStorage } = test.profile;
      if (tileThreads(tile) > maxInvocationsPerWorkgroup || tileMemory(tile) > maxWorkgroupStorage) return;
      const problem = convProblem(padded);
      expect(await checkConvPlan(test, problem, plan(problem, tile, 1, true))).toBeUndefined();
    });
  }

  const others: Record<string, [ConvCase, number, boolean]> = {
    'K split in three': [{ ...padded, channels: [40, 36], batch: 2 }, 3, true],
    'K split, groups, odd columns': [
      { channels: [32, 14], size: [7, 6], kernel: [3, 3], groups: 2, bias: true },
      2,
      true,
    ],
    'an NCHW image': [
      { channels: [3, 33], size: [15, 12], kernel: [5, 3], pads: [2, 1, 2, 1], input: 'nchw', bias: true },
      1,
      true,
    ],
    'an NCHW image, K split': [
      { channels: [3, 8], size: [15, 12], kernel: [7, 7], pads: [3, 3, 3, 3], input: 'nchw' },
      2,
      true,
    ],
    'weights as they are': [{ ...padded, batch: 2 }, 1, false],
    'odd channels': [{ channels: [7, 9], size: [8, 9], kernel: [3, 2], output: 'nchw', bias: true }, 1, true],
  };
  // SwiftShader spends minutes on compiling what reads an NCHW image element by element; software adapters get the
  // register kernels instead, which are tested on all of them.
  const isBeyondSwiftShader = (conv: ConvCase) => conv.input === 'nchw' && test.profile.architecture === 'swiftshader';
  for (const [name, [conv, splits, packed]] of Object.entries(others)) {
    it(`agrees with the reference: ${name}`, async () => {
      if (isBeyondSwiftShader(conv)) return;
      const problem = convProblem(conv);
      expect(await checkConvPlan(test, problem, plan(problem, small, splits, packed))).toBeUndefined();
    });
  }
});
