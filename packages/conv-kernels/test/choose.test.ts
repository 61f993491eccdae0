import { describe, expect, it } from 'vitest';
import { convAlgorithms, ConvProblemError, convOutputSize, explainConv, planConv, planGemm } from '../src/index.js';
import type { ConvProblem, DepthAxis, GemmProblem } from '../src/index.js';
import { convProblem } from '../gpu/cases.js';
import { gpu, least, software } from '../../../tools/testing/devices.js';

const layer = (batch: number, channels: [number, number], size: [number, number], k = 3): ConvProblem =>
  convProblem({ batch, channels, size, kernel: [k, k], pads: [k >> 1, k >> 1, k >> 1, k >> 1], bias: true });

describe('planConv', () => {
  it('takes the kernel in registers on CPU adapters, and tiles on GPUs', () => {
    expect(planConv(layer(1, [64, 64], [56, 56], 1), software).variant).toMatch(/^register 8x/);
    expect(planConv(layer(32, [64, 64], [56, 56]), gpu, { strict: true }).variant).toBe('128x64x16');
    expect(planConv(layer(32, [128, 256], [56, 48]), gpu, { strict: true }).variant).toBe('128x128x32');
  });

  it('splits K of a small output on a large GPU, and says what scratch it needs', () => {
    const plan = planConv(layer(1, [512, 512], [7, 7]), gpu);
    expect(plan.variant).toMatch(/split/);
    expect(plan.dispatches).toHaveLength(2);
    const splits = Number(/split (\d+)/.exec(plan.variant)![1]);
    expect(plan.scratchByteLength).toBe(4 * splits * 49 * 512);
  });

  it('takes the depthwise kernel where each channel has its own filter', () => {
    const problem = convProblem({ channels: [64, 64], size: [29, 36], kernel: [3, 3], groups: 64 });
    for (const device of [gpu, software, least]) expect(planConv(problem, device).algorithm).toBe('depthwise');
  });

  it('leaves out what rounds more than a chain of multiply-adds where that is asked for', () => {
    const problem = layer(1, [256, 256], [14, 14]);
    const refusal = (strict: boolean) =>
      explainConv(problem, software, { strict }).find(({ algorithm }) => algorithm === 'winograd')!.refusal;
    expect(refusal(false)).toBeUndefined();
    expect(refusal(true)).toMatch(/round more/);
  });

  it('never plans beyond the device', () => {
    for (const device of [gpu, software, least]) {
      for (const problem of [
        layer(1, [3, 64], [112, 90], 7),
        layer(8, [256, 130], [14, 15]),
        layer(1, [2048, 1000], [1, 1], 1),
      ]) {
        for (const { kernel, workgroups } of planConv(problem, device).dispatches) {
          const [x, y, z] = kernel.workgroupSize;
          expect(x * y * z).toBeLessThanOrEqual(device.maxInvocationsPerWorkgroup);
          expect(Math.max(...workgroups)).toBeLessThanOrEqual(device.maxWorkgroupsPerDimension);
          expect(kernel.bindings.length).toBeLessThanOrEqual(device.maxStorageBuffers);
        }
      }
    }
  });

  it('gives equal plans for equal arguments, and one shader for two sizes of a layer', () => {
    const [a, b] = [planConv(layer(1, [64, 64], [56, 40]), software), planConv(layer(1, [64, 64], [56, 40]), software)];
    expect(JSON.stringify(a)).toBe(JSON.stringify(b));
    const other = planConv(layer(1, [128, 96], [28, 24]), software);
    expect(other.dispatches[0].kernel.code).toBe(a.dispatches[0].kernel.code);
  });

  it('obeys only and forbid, and names what there is', () => {
    const problem = layer(1, [8, 8], [5, 6]);
    expect(planConv(problem, gpu, { only: 'direct' }).algorithm).toBe('direct');
    expect(planConv(problem, gpu).algorithm).toBe('implicit-gemm');
    expect(planConv(problem, gpu, { forbid: ['implicit-gemm'] }).algorithm).not.toBe('implicit-gemm');
    expect(() => planConv(problem, gpu, { only: 'winogrand' })).toThrow(/there are .*implicit-gemm/);
    expect(() => planConv(problem, gpu, { forbid: convAlgorithms.map((a) => a.name) })).toThrow(/forbidden/);
  });

  it('explains every algorithm, the cheapest first', () => {
    const candidates = explainConv(layer(1, [8, 8], [5, 6]), gpu);
    expect([...new Set(candidates.map((c) => c.algorithm))].sort()).toEqual(convAlgorithms.map((a) => a.name).sort());
    expect(candidates.find((c) => c.algorithm === 'depthwise')?.refusal).toBe('groups is not inChannels');
    const seconds = candidates.flatMap((c) => c.predictedSeconds ?? []);
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
    for (const { predictedSeconds, rooflineFraction } of candidates) {
      expect(rooflineFraction === undefined).toBe(predictedSeconds === undefined);
    }
  });

  it('has one variant for each tile and split, of different names, and plans the one asked for', () => {
    const problem = layer(1, [512, 512], [7, 7]);
    const variants = explainConv(problem, gpu, { only: 'implicit-gemm' }).flatMap((c) => c.variant ?? []);
    expect(variants.length).toBeGreaterThan(10);
    expect(new Set(variants).size).toBe(variants.length);
    for (const variant of variants) {
      expect(planConv(problem, gpu, { only: `implicit-gemm ${variant}` }).variant).toBe(variant);
    }
    const [best] = variants;
    expect(planConv(problem, gpu).variant).toBe(best);
    expect(planConv(problem, gpu, { forbid: [`implicit-gemm ${best}`] }).variant).toBe(variants[1]);
    expect(() => planConv(problem, gpu, { only: 'implicit-gemm 1x1' })).toThrow(/no variant "implicit-gemm 1x1"/);
  });

  it('ranks by the ceilings measured on the device', () => {
    const problem = layer(4, [256, 256], [14, 14]);
    const slow = { f32Flops: 1e12, bytes: 1e11, launchSeconds: 1e-3, cores: 8 };
    const [before] = explainConv(problem, gpu);
    const [after] = explainConv(problem, { ...gpu, ceilings: slow });
    expect(after.predictedSeconds).toBeGreaterThan(10 * before.predictedSeconds!);
    expect(after.variant).not.toMatch(/split/);
  });
});

describe('a wrong problem', () => {
  const good = layer(1, [8, 8], [5, 6]);
  const positive = [
    ...['batch', 'inChannels', 'inHeight', 'inWidth', 'outChannels', 'kernelHeight', 'kernelWidth'],
    ...['strideHeight', 'strideWidth', 'dilationHeight', 'dilationWidth', 'groups'],
  ] as (keyof ConvProblem)[];
  const pads = ['padTop', 'padLeft', 'padBottom', 'padRight'] as (keyof ConvProblem)[];
  const volume: DepthAxis = {
    ...{ inDepth: 4, kernelDepth: 3, strideDepth: 1, dilationDepth: 1 },
    ...{ padFront: 0, padBack: 0, inputStride: 240, outputStride: 240 },
  };
  const wrong: [string, Partial<ConvProblem>, RegExp][] = [
    ...positive.map((name): (typeof wrong)[number] => [
      name,
      { [name]: 0 },
      new RegExp(`^${name} is 0; it must be an integer of at least 1`),
    ]),
    ...pads.map((name): (typeof wrong)[number] => [
      name,
      { [name]: -1 },
      new RegExp(`^${name} is -1; it must be an integer of at least 0`),
    ]),
    ['batch', { batch: 1.5 }, /batch is 1.5/],
    ['inWidth', { inWidth: NaN }, /inWidth is NaN/],
    ['groups', { groups: 3 }, /groups 3 does not divide inChannels 8/],
    ['groups', { groups: 8, outChannels: 12 }, /groups 8 does not divide outChannels 12/],
    ['kernelHeight', { kernelHeight: 9 }, /inHeight 5 with padding 2 .* at least 2 more/],
    ['kernelWidth', { dilationWidth: 9 }, /inWidth 6 with padding 2 is smaller than the 19 .* at least 11 more/],
    ['kernelDepth', { depth: { ...volume, dilationDepth: 4 } }, /inDepth 4 .* at least 5 more/],
    ['depth.strideDepth', { depth: { ...volume, strideDepth: 0 } }, /depth.strideDepth is 0/],
    ['input', { input: { offset: 2 ** 26, strides: [240, 1, 48, 8] } }, /input spans .* binds at most 134217728/],
    ['input.strides[2]', { input: { offset: 0, strides: [240, 1, -48, 8] } }, /input.strides\[2\] is -48/],
    ['output', { output: { offset: 2 ** 26, strides: [240, 1, 48, 8] } }, /output spans .* binds at most 134217728/],
    [
      'residual',
      { epilogue: { bias: true, residual: { offset: 2 ** 26, strides: [240, 1, 48, 8] } } },
      /residual spans .* binds at most 134217728/,
    ],
    ['weights', { inChannels: 2048, outChannels: 2048 }, /weights spans 150994944 bytes.* binds at most 134217728/],
    ['elementType', { elementType: 'f16' }, /no shader-f16/],
    ['slope', { epilogue: { bias: true, slope: true, activation: { kind: 'relu' } } }, /slope .* exclude/],
  ];
  for (const [field, change, message] of wrong) {
    it(`names ${field}: ${message.source}`, () => {
      const attempt = (): unknown => planConv({ ...good, ...change }, least);
      expect(attempt).toThrow(ConvProblemError);
      expect(attempt).toThrow(message);
      expect(attempt).toThrow(expect.objectContaining({ field }));
    });
  }
});

describe('convOutputSize', () => {
  it('follows ONNX: floor((in + pads - dilation * (kernel - 1) - 1) / stride) + 1', () => {
    const size = convOutputSize({ ...layer(1, [1, 1], [11, 9]), strideHeight: 2, dilationWidth: 3, padRight: 4 });
    expect(size).toEqual({ depth: 1, height: 6, width: 8 });
  });
});

describe('planGemm', () => {
  const problem: GemmProblem = {
    batch: 1,
    m: 3,
    n: 20,
    k: 12,
    elementType: 'f32',
    a: { offset: 0, batchStride: 36, rowStride: 12, columnStride: 1 },
    b: { offset: 0, batchStride: 0, rowStride: 20, columnStride: 1 },
    c: { offset: 0, batchStride: 60, rowStride: 20, columnStride: 1 },
    epilogue: { bias: false },
  };

  it('packs only a constant B', () => {
    for (const device of [gpu, software, least]) {
      expect(planGemm(problem, device, { constantB: true, only: 'implicit-gemm' }).packing).toBeDefined();
      expect(planGemm(problem, device, { constantB: false }).packing).toBeUndefined();
    }
  });

  it('names a wrong extent', () => {
    expect(() => planGemm({ ...problem, k: 0 }, gpu, { constantB: true })).toThrow(/k is 0/);
  });
});
