import { create } from 'webgpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { int8Conv } from '../src/int8/implicit.js';
import { int8Readings } from '../src/int8/matrix-input.js';
import { planInt8Matrix } from '../src/int8/matrix.js';
import type { Int8MatrixShape } from '../src/int8/matrix-shape.js';
import { explainInt8Conv, planInt8Conv, type DeviceProfile } from '../src/index.js';
import { gpu, matrixGpu } from '../../../tools/testing/devices.js';
import { checkInt8Plan } from './check-int8.js';
import { emulatedPlan } from './emulate-matrices.js';
import { acquire, type TestDevice } from './harness.js';
import { int8Problem, type Int8Case } from './int8-cases.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

const i8 = { componentType: 'i8', resultComponentType: 'i32', M: 16, N: 16, K: 32 } as const;
const device: DeviceProfile = { ...gpu, subgroupMatrixConfigs: [...matrixGpu.subgroupMatrixConfigs, i8] };
const small: Int8MatrixShape = {
  units: { m: 1, n: 4, k: 16, lanes: 1, pinsLanes: false },
  tile: { rows: 8, columns: 16, depth: 32, subgroupRows: 2, subgroupColumns: 8 },
};

/** Remainders of rows, columns and channels; padding by a zero point; each way in which input and output lie. */
const cases: Readonly<Record<string, Int8Case>> = {
  'sums, odd channels, padding of a zero point': {
    conv: { batch: 2, channels: [39, 35], size: [6, 5], kernel: [3, 2], pads: [1, 0, 2, 1], stride: [2, 1] },
    arithmetic: { inputZero: -37 },
  },
  'words of channels side by side, requantized': {
    conv: { channels: [44, 40], size: [5, 6], kernel: [3, 3], pads: [1, 1, 0, 1] },
    arithmetic: {
      ...{ inputType: 'uint8', inputZero: 9, bias: true, scale: 'channel' },
      result: { type: 'uint8', storage: 'words', zero: 119, divisor: 2 },
    },
  },
  'bytes in and out, of four channels side by side': {
    conv: { channels: [44, 12], size: [5, 7], kernel: [2, 2], pads: [1, 0, 1, 0] },
    arithmetic: {
      ...{ inputType: 'int8', inputStorage: 'bytes', inputZero: -7, scale: 'tensor' },
      result: { type: 'int8', storage: 'bytes', zero: 1 },
    },
  },
  'bytes in and out, of two groups, requantized': {
    conv: { channels: [96, 24], size: [5, 7], kernel: [3, 3], dilation: [2, 1], pads: [2, 1, 2, 1], groups: 2 },
    arithmetic: {
      ...{ inputType: 'uint8', inputStorage: 'bytes', inputZero: 131, bias: true, scale: 'channel' },
      result: { type: 'int8', storage: 'bytes', zero: -3, activation: { kind: 'relu' }, divisor: 1.5 },
    },
  },
  'words of NCHW, a zero point known at the run, to f32': {
    conv: { channels: [7, 33], size: [7, 4], kernel: [1, 1], input: 'nchw', output: 'nchw' },
    arithmetic: { inputType: 'uint8', inputZero: 'operand', scale: 'tensor', result: { type: 'f32' } },
  },
};

describe('int8 products on emulated matrix units', () => {
  for (const [name, c] of Object.entries(cases)) {
    it(`agree with the reference: ${name}`, async () => {
      const problem = int8Problem(c);
      const shape = int8Conv(problem);
      for (const reading of int8Readings(shape)) {
        const plan = planInt8Matrix(shape, small, reading, test.profile);
        const emulated = emulatedPlan(plan, { ...small.units, type: 'i8' });
        expect(await checkInt8Plan(test, problem, emulated), reading).toBeUndefined();
      }
    });
  }
});

describe('int8-matrix', () => {
  const [plain] = Object.values(cases);
  const wide: Int8Case = { conv: { batch: 8, channels: [256, 256], size: [14, 14], kernel: [3, 3] } };

  it('is chosen where the device lists i8 matrices, and says why not elsewhere', () => {
    expect(planInt8Conv(int8Problem(wide), device).algorithm).toBe('int8-matrix');
    expect(planInt8Conv(int8Problem(wide), matrixGpu).algorithm).toBe('int8-dot');
    const refusal = (c: Int8Case, profile = device): string | undefined =>
      explainInt8Conv(int8Problem(c), profile).find(({ algorithm }) => algorithm === 'int8-matrix')?.refusal;
    expect(refusal(plain)).toBeUndefined();
    expect(refusal(plain, matrixGpu)).toMatch(/no i8 matrices/);
    expect(refusal({ ...plain, arithmetic: { weightZero: 'channel' } })).toMatch(/zero points/);
    expect(refusal({ ...plain, arithmetic: { weightType: 'uint8' } })).toMatch(/unsigned/);
    expect(refusal({ ...plain, arithmetic: { constantWeights: false } })).toMatch(/not constant/);
    expect(refusal(plain, { ...device, maxWorkgroupStorage: 8192 })).toMatch(/no tile of matrices fits/);
  });

  it('is valid WGSL', async () => {
    const instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
    const adapter = await instance.requestAdapter();
    const features = ['subgroups', 'subgroup-size-control', 'chromium-experimental-subgroup-matrix'];
    const checker = await adapter!.requestDevice({ requiredFeatures: features as GPUFeatureName[] });
    for (const subgroupMinSize of [16, 32]) {
      for (const c of Object.values(cases)) {
        const { dispatches } = planInt8Conv(int8Problem(c), { ...device, subgroupMinSize }, { only: 'int8-matrix' });
        checker.pushErrorScope('validation');
        for (const { kernel } of dispatches) {
          const { messages } = await checker.createShaderModule({ code: kernel.code }).getCompilationInfo();
          expect(messages.filter(({ type }) => type === 'error').map(({ message }) => message)).toEqual([]);
        }
        await checker.popErrorScope();
      }
    }
    checker.destroy();
  });
});
