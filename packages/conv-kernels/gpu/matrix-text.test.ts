import { create } from 'webgpu';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainConv, planConv } from '../src/index.js';
import { matrixGpu } from '../../../tools/testing/devices.js';
import { convProblem, type ConvCase } from './cases.js';

/** Dawn's null backend checks shaders of every feature, and runs none. */
let device: GPUDevice;
let instance: GPU | undefined;
beforeAll(async () => {
  instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const adapter = await instance.requestAdapter();
  const features = ['shader-f16', 'subgroups', 'subgroup-size-control', 'chromium-experimental-subgroup-matrix'];
  device = await adapter!.requestDevice({ requiredFeatures: features as GPUFeatureName[] });
});
afterAll(() => {
  device.destroy();
  instance = undefined;
});

const conv: ConvCase = { batch: 2, channels: [256, 136], size: [15, 13], kernel: [3, 3], bias: true };
const cases: Record<string, ConvCase> = {
  'f16, padded, with a residual': { ...conv, pads: [1, 1, 1, 1], residual: 'nhwc', elementType: 'f16' },
  'f32, channels that overhang': { ...conv, channels: [200, 136], activation: { kind: 'gelu' } },
  'f16 by fours, NCHW output': { ...conv, channels: [156, 10], output: 'nchw', elementType: 'f16' },
};

async function mistakes(code: string): Promise<string[]> {
  device.pushErrorScope('validation');
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  await device.popErrorScope();
  return messages.filter(({ type }) => type === 'error').map((m) => `line ${m.lineNum}: ${m.message}`);
}

describe('kernels on subgroup matrices', () => {
  for (const [name, c] of Object.entries(cases)) {
    for (const subgroupMinSize of [16, 32]) {
      it(`are valid WGSL: ${name}, subgroups of ${subgroupMinSize} and more`, async () => {
        const profile = { ...matrixGpu, subgroupMinSize };
        const problem = convProblem(c);
        const shapes = explainConv(problem, profile).filter(({ algorithm }) => algorithm === 'implicit-gemm-matrix');
        expect(shapes.length).toBeGreaterThan(3);
        for (const { algorithm, variant } of shapes) {
          const plan = planConv(problem, profile, { only: `${algorithm} ${variant}` });
          for (const { kernel } of plan.dispatches) expect(await mistakes(kernel.code), variant).toEqual([]);
        }
      });
    }
  }

  it('are refused where they are wrong', async () => {
    const [{ kernel }] = planConv(convProblem(conv), matrixGpu, { only: 'implicit-gemm-matrix' }).dispatches;
    expect(await mistakes(kernel.code.replace('<f16, 16, 16>', '<f16, 16>'))).not.toEqual([]);
  });
});
