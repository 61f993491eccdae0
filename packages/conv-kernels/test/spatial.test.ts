import { describe, expect, it } from 'vitest';
import {
  autoPads,
  axisOutput,
  convOutputSize,
  convTransposeAlgorithms,
  ConvProblemError,
  explainConvTranspose,
  planConvTranspose,
  spatialConv,
  transposeExtent,
  type SpatialConv,
} from '../src/index.js';
import { phasesOf, type Phase } from '../src/transpose/phases.js';
import { transposeCases, transposeProblem } from '../gpu/transpose-cases.js';
import { gpu, least } from '../../../tools/testing/devices.js';

const axis = { input: 7, kernel: 3, stride: 1, dilation: 1, padBegin: 0, padEnd: 0 };

function conv(kernels: readonly number[], change: Partial<SpatialConv> = {}): SpatialConv {
  const sizes = [5, 6, 7].slice(-kernels.length);
  const axes = kernels.map((kernel, i) => ({ ...axis, input: sizes[i], kernel }));
  const dense = (channels: number, spatial: readonly number[]) => {
    const strides = spatial.map((_, i) => channels * spatial.slice(i + 1).reduce((a, b) => a * b, 1));
    return { offset: 0, strides: [channels * spatial.reduce((a, b) => a * b, 1), 1, ...strides] };
  };
  return {
    batch: 2,
    inChannels: 4,
    outChannels: 8,
    groups: 1,
    axes,
    elementType: 'f32',
    input: dense(4, sizes),
    output: dense(8, axes.map(axisOutput)),
    epilogue: { bias: false },
    ...change,
  };
}

describe('spatialConv', () => {
  it('takes one dimension as an image one row high', () => {
    const { inHeight, inWidth, kernelHeight, kernelWidth, depth } = spatialConv(conv([3]));
    expect([inHeight, inWidth, kernelHeight, kernelWidth, depth]).toEqual([1, 7, 1, 3, undefined]);
  });

  it('takes a volume with a dimension of one tap as images', () => {
    for (const [kernels, spatial] of [
      [
        [1, 3, 2],
        [6, 7],
      ],
      [
        [3, 1, 3],
        [5, 7],
      ],
    ] as const) {
      const source = conv(kernels, kernels[0] === 1 ? {} : { batch: 1 });
      const problem = spatialConv(source);
      expect(problem.depth).toBeUndefined();
      expect([problem.inHeight, problem.inWidth]).toEqual(spatial);
      expect(problem.batch).toBe(kernels[0] === 1 ? 10 : 6);
    }
  });

  it('keeps a volume whose images cannot be counted as one batch', () => {
    expect(spatialConv(conv([3, 3, 3])).depth).toMatchObject({ inDepth: 5, kernelDepth: 3 });
    expect(spatialConv(conv([3, 1, 3])).depth).toBeDefined();
  });

  it('cuts the input by negative pads', () => {
    const source = conv([3, 3]);
    const axes = [
      { ...source.axes[0], padBegin: -1 },
      { ...source.axes[1], padEnd: -2, padBegin: 1 },
    ];
    const problem = spatialConv({ ...source, axes });
    expect(problem).toMatchObject({ inHeight: 5, padTop: 0, inWidth: 5, padLeft: 1, padRight: 0 });
    expect(problem.input.offset).toBe(source.input.strides[2]);
    expect(convOutputSize(problem)).toMatchObject({ height: axisOutput(axes[0]), width: axisOutput(axes[1]) });
  });

  it('refuses four dimensions', () => {
    const source = conv([3]);
    expect(() => spatialConv({ ...source, axes: [axis, axis, axis, axis] })).toThrow(/4 spatial dimensions/);
  });
});

describe('autoPads', () => {
  it('follows ONNX', () => {
    const even = { input: 8, kernel: 3, stride: 2, dilation: 1 };
    expect(autoPads('SAME_UPPER', even)).toEqual({ padBegin: 0, padEnd: 1 });
    expect(autoPads('SAME_LOWER', even)).toEqual({ padBegin: 1, padEnd: 0 });
    expect(autoPads('SAME_UPPER', { ...even, dilation: 3 })).toEqual({ padBegin: 2, padEnd: 3 });
    expect(autoPads('SAME_UPPER', { ...even, kernel: 1 })).toEqual({ padBegin: 0, padEnd: 0 });
    expect(autoPads('VALID', even)).toEqual({ padBegin: 0, padEnd: 0 });
  });
});

describe('transposeExtent', () => {
  const taps = { input: 4, kernel: 3, stride: 2, dilation: 1 };
  it('takes pads off, and adds output padding', () => {
    expect(transposeExtent(taps, { outputPadding: 1, padBegin: 1, padEnd: 0 }).output).toBe(9);
  });
  it('reaches a stated size by pads, the odd one as asked', () => {
    expect(transposeExtent(taps, { outputShape: 8, oddAtEnd: true })).toEqual({ output: 8, padBegin: 0, padEnd: 1 });
    expect(transposeExtent(taps, { outputShape: 8, oddAtEnd: false })).toEqual({ output: 8, padBegin: 1, padEnd: 0 });
    expect(transposeExtent(taps, { outputPadding: 0, autoPad: 'SAME_UPPER' })).toMatchObject({ output: 8, padEnd: 1 });
    expect(transposeExtent(taps, { outputShape: 11, oddAtEnd: false }).padBegin).toBe(-1);
  });
});

describe('phases', () => {
  const along = (kernel: number, stride: number, dilation = 1, padBegin = 0) => [
    { input: 5, output: stride * 4 + dilation * (kernel - 1) + 1 - 2 * padBegin, kernel, stride, dilation, padBegin },
  ];

  it('split a kernel of 4 by stride 2 in two of 2', () => {
    const [found] = phasesOf(along(4, 2, 1, 1)) as readonly (readonly Phase[])[];
    expect(found.map(({ taps, count }) => [taps, count])).toEqual([
      [2, 5],
      [2, 5],
    ]);
  });

  it('say why there are none', () => {
    expect(phasesOf(along(2, 3))).toMatch(/no tap reaches/);
    expect(phasesOf(along(3, 2, 2))).toMatch(/both a stride and a dilation/);
    expect(phasesOf(along(18, 17))).toMatch(/17 phases/);
  });
});

describe('planConvTranspose', () => {
  const problem = transposeProblem(transposeCases['4x4 of stride 2, as generators have']);

  it('obeys only and forbid, and explains every algorithm', () => {
    const names = convTransposeAlgorithms.map((a) => a.name).sort();
    expect(
      explainConvTranspose(problem, gpu)
        .map((c) => c.algorithm)
        .sort(),
    ).toEqual(names);
    expect(planConvTranspose(problem, gpu, { forbid: ['phases'] })[0].algorithm).toBe('gather');
    expect(() => planConvTranspose(problem, gpu, { forbid: names })).toThrow(/forbidden/);
  });

  it('names what is wrong', () => {
    const wrong: [Partial<typeof problem>, RegExp][] = [
      [{ groups: 5 }, /groups 5 does not divide inChannels 12/],
      [{ axes: [] }, /0 spatial dimensions/],
      [{ elementType: 'f16' }, /no shader-f16/],
      [{ axes: problem.axes.map((a) => ({ ...a, output: 0 })) }, /axes\[0\].output is 0/],
    ];
    for (const [change, message] of wrong) {
      expect(() => planConvTranspose({ ...problem, ...change }, least)).toThrow(ConvProblemError);
      expect(() => planConvTranspose({ ...problem, ...change }, least)).toThrow(message);
    }
  });
});
