import { describe, expect, it } from 'vitest';
import { averagedProblem } from '../gpu/averaged-cases.js';
import { pooledProblem } from '../gpu/pooled-cases.js';
import { explainAveragedProduct, explainPooledConv, planAveragedProduct, planPooledConv } from '../src/index.js';
import { gpu, least, software } from '../../../tools/testing/devices.js';

const classifier = (batch: number) =>
  averagedProblem({ batch, channels: 2048, size: [7, 7], columns: 1000, input: 'nhwc', bias: true });
const squeeze = averagedProblem({ batch: 1, channels: 480, size: [14, 14], columns: 20, input: 'nhwc', bias: true });

describe('means and the product that follows', () => {
  it('are one kernel where few workgroups form the means again', () => {
    expect(planAveragedProduct(classifier(1), gpu)?.dispatches).toHaveLength(1);
    expect(planAveragedProduct(classifier(32), gpu)).toBeUndefined();
    expect(planAveragedProduct(squeeze, software)?.dispatches).toHaveLength(1);
    expect(planAveragedProduct(classifier(1), software)).toBeUndefined();
  });

  it('are forced and forbidden by name', () => {
    const only = 'averaged-product';
    expect(planAveragedProduct(classifier(32), gpu, { only })?.algorithm).toBe(only);
    expect(planAveragedProduct(classifier(1), gpu, { forbid: [only] })).toBeUndefined();
    expect(planAveragedProduct(classifier(1), gpu, { only: 'few-rows' })).toBeUndefined();
  });

  it('share one text among layers of about as many channels, and fill the memory that there is', () => {
    const code = (channels: number, device = gpu): string => {
      const problem = averagedProblem({ batch: 1, channels, size: [7, 7], columns: 32, input: 'nhwc' });
      return planAveragedProduct(problem, device, { only: 'averaged-product' })!.dispatches[0].kernel.code;
    };
    expect(code(672)).toBe(code(576));
    expect(code(3072, least)).toContain('const MEANS = 768u;');
  });

  it('say which way is faster, and why one is out', () => {
    expect(explainAveragedProduct(classifier(1), gpu).map(({ algorithm }) => algorithm)).toEqual([
      'averaged-product',
      'apart',
    ]);
    const wide = averagedProblem({ batch: 1, channels: 5000, size: [2, 2], columns: 3, input: 'nhwc' });
    expect(explainAveragedProduct(wide, least).at(-1)!.refusal).toBe(
      'the means take 24096 bytes of workgroup memory, of which there are 16384',
    );
  });
});

const stem = (batch: number) =>
  pooledProblem({
    conv: {
      batch,
      channels: [3, 64],
      size: [224, 224],
      kernel: [7, 7],
      stride: [2, 2],
      pads: [3, 3, 3, 3],
      input: 'nchw',
      bias: true,
      activation: { kind: 'relu' },
    },
    kernel: [3, 3],
    stride: [2, 2],
    pads: [1, 1, 1, 1],
  });

describe('a convolution and the maxima of its windows', () => {
  it('are one kernel for one image on a large GPU, in tiles that compute little twice', () => {
    const plan = planPooledConv(stem(1), gpu)!;
    expect(plan.variant).toBe('7x7x8');
    expect(plan.dispatches.map(({ workgroups }) => workgroups)).toEqual([[64, 8, 1]]);
  });

  it('keep to the limits of any device', () => {
    const [{ kernel }] = planPooledConv(stem(1), least, { only: 'few-channels-pool' })!.dispatches;
    expect(kernel.workgroupSize[0]).toBeLessThanOrEqual(least.maxInvocationsPerWorkgroup);
    const [, elements] = /array<vec4f, (\w+ \* \w+ \* \w+)>/.exec(kernel.code)!;
    const consts = new Map(
      [...kernel.code.matchAll(/const (\w+) = (\d+)u;/g)].map(([, name, value]) => [name, +value]),
    );
    const bytes = elements.split(' * ').reduce((product, name) => product * consts.get(name)!, 16);
    expect(bytes).toBeLessThanOrEqual(least.maxWorkgroupStorage);
  });

  it('are refused with the reason', () => {
    const reason = (change: Parameters<typeof pooledProblem>[0]) =>
      explainPooledConv(pooledProblem(change), gpu).at(-1)!.refusal;
    const conv = { channels: [8, 4], size: [9, 9], kernel: [3, 3] } as const;
    expect(reason({ conv, kernel: [2, 2], stride: [2, 2] })).toBe('there are more than 4 input channels');
    const few = { ...conv, channels: [3, 4] } as const;
    expect(reason({ conv: few, kernel: [40, 40], stride: [1, 1], pads: [20, 20, 20, 20] })).toBe(
      'no tile of windows fits the device',
    );
  });
});
