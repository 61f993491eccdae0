import { describe, expect, it } from 'vitest';
import { flattened } from '../src/algorithms/pointwise.js';
import { convAlgorithms, planConv } from '../src/index.js';
import { implicitConv } from '../src/implicit.js';
import { convProblem } from '../gpu/cases.js';
import { gpu, least, matrixGpu, software } from '../../../tools/testing/devices.js';

const named = (name: string) => convAlgorithms.find((a) => a.name === name)!;

describe('pointwise', () => {
  it('joins all pixels of dense images to one line', () => {
    const p = flattened(implicitConv(convProblem({ batch: 3, channels: [8, 4], size: [5, 7], residual: 'nhwc' })));
    expect(p).toMatchObject({ batch: 1, outHeight: 1, outWidth: 105, inWidth: 105, rows: 105 });
    expect([p.input.x, p.output.x, p.residual?.x]).toEqual([8, 4, 4]);
  });

  it('keeps images apart where strides do, and rows that a stride gathers', () => {
    const nchw = implicitConv(convProblem({ batch: 2, channels: [8, 4], size: [5, 7], input: 'nchw', output: 'nchw' }));
    expect(flattened(nchw)).toMatchObject({ batch: 2, outHeight: 1, outWidth: 35 });
    const strided = implicitConv(convProblem({ channels: [8, 4], size: [5, 7], stride: [2, 2] }));
    expect(flattened(strided)).toBe(strided);
  });

  it('is taken for every layer of one tap, and for no other', () => {
    const layer = convProblem({ channels: [64, 32], size: [14, 15], bias: true });
    for (const device of [gpu, software, least]) expect(planConv(layer, device).algorithm).toBe('pointwise');
    expect(named('pointwise').supports({ ...layer, kernelWidth: 2 }, gpu)).toMatch(/more than one tap/);
    expect(named('pointwise').supports({ ...layer, padLeft: 1 }, gpu)).toMatch(/padding/);
  });
});

describe('few-channels', () => {
  const first = convProblem({ channels: [3, 64], size: [64, 48], kernel: [7, 7], stride: [2, 2], input: 'nchw' });

  it('is taken for first layers on CPU adapters', () => {
    expect(planConv(first, software).algorithm).toBe('few-channels');
  });

  it('says why it does not take a problem', () => {
    const few = named('few-channels');
    expect(few.supports(first, gpu)).toBe(true);
    expect(few.supports(convProblem({ channels: [5, 8], size: [9, 9], kernel: [3, 3] }), gpu)).toMatch(/more than 4/);
    expect(few.supports(convProblem({ channels: [2, 8], size: [9, 9], groups: 2 }), gpu)).toMatch(/groups/);
    expect(few.supports({ ...first, strideWidth: 12 }, gpu)).toMatch(/inputs a line/);
  });
});

describe('few-channels-matrix', () => {
  const first = convProblem({
    batch: 32,
    channels: [3, 64],
    size: [224, 160],
    kernel: [7, 7],
    stride: [2, 2],
    pads: [3, 3, 3, 3],
    input: 'nchw',
    elementType: 'f16',
  });

  it('is taken for first layers of many images on matrix units', () => {
    const plan = planConv(first, matrixGpu);
    expect(plan.algorithm).toBe('few-channels-matrix');
    // 229 rows of 80 outputs 8 elements apart, the last of which sees 32.
    expect(plan.scratchByteLength).toBe(2 * 32 * 229 * (79 * 8 + 32));
    expect(plan.dispatches).toHaveLength(2);
  });

  it('says why it does not take a problem', () => {
    const matrix = named('few-channels-matrix');
    expect(matrix.supports({ ...first, dilationWidth: 2 }, matrixGpu)).toMatch(/dilated/);
    expect(matrix.supports(first, gpu)).toMatch(/no subgroup matrices/);
    const short = convProblem({ channels: [3, 32], size: [9, 9], kernel: [3, 3] });
    expect(matrix.supports(short, matrixGpu)).toBe('sums of 27 products of split operands are less accurate than f32');
  });
});

describe('grouped', () => {
  it('sums four channels a thread where groups are fours, else one', () => {
    const variant = (channels: [number, number]): string =>
      planConv(convProblem({ channels, size: [9, 8], kernel: [3, 3], groups: 4 }), gpu, { only: 'grouped' }).variant;
    expect(variant([16, 32])).toBe('64x4x4 by 4');
    expect(variant([12, 32])).toBe('64x4x4 by 1');
    expect(variant([16, 12])).toBe('64x4x1 by 4');
  });

  it('leaves dense convolutions to others', () => {
    expect(named('grouped').supports(convProblem({ channels: [8, 8], size: [9, 8] }), gpu)).toMatch(/one group/);
  });
});
