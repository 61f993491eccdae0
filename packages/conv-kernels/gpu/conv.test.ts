import { beforeAll, describe, expect, it } from 'vitest';
import { convAlgorithms, type ConvProblem } from '../src/index.js';
import { convCases, convFamilies, convProblem, randomConv } from './cases.js';
import { checkConvCase } from './check.js';
import { acquire, type TestDevice } from './harness.js';
import { random } from './random.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

/** A problem as JSON to run alone: `{ "problem": ..., "only": "direct" }`. */
const single = process.env.TESSERA_CONV_CASE;

async function expectRight(problem: ConvProblem, only?: string): Promise<void> {
  const wrong = await checkConvCase(test, problem, { only });
  if (wrong === undefined) return;
  const again = JSON.stringify({ problem, only });
  const adapter = process.env.TESSERA_ADAPTER ?? 'auto';
  expect.fail(
    `${wrong}\nTESSERA_ADAPTER='${adapter}' TESSERA_CONV_CASE='${again}' npx vitest run packages/conv-kernels/gpu/conv.test.ts`,
  );
}

describe.runIf(single)('one convolution', () => {
  it('agrees with the reference', async () => {
    const { problem, only } = JSON.parse(single!) as { problem: ConvProblem; only?: string };
    await expectRight(problem, only);
  });
});

describe.skipIf(single)('convolutions', () => {
  for (const [name, conv] of Object.entries(convCases)) {
    it(`${name}: every algorithm agrees with the reference`, async () => {
      const problem = convProblem(conv);
      for (const algorithm of convAlgorithms) {
        if (algorithm.supports(problem, test.profile) === true) await expectRight(problem, algorithm.name);
      }
    });
  }

  for (const [name, family] of Object.entries(convFamilies)) {
    it(`${name}: agrees with the reference on random problems`, async () => {
      const source = random(20261123);
      for (let i = 0; i < 25; i++) await expectRight(convProblem(randomConv(family, source, 'f32')));
      if (!test.profile.hasF16) return;
      for (let i = 0; i < 5; i++) await expectRight(convProblem(randomConv(family, source, 'f16')));
    });
  }
});

describe.skipIf(single)('every algorithm on random problems', () => {
  for (const { name, supports } of convAlgorithms) {
    it(`${name} agrees with the reference`, async () => {
      const source = random(414);
      for (const family of Object.values(convFamilies)) {
        for (let i = 0; i < 4; i++) {
          const elementType = i === 3 && test.profile.hasF16 ? 'f16' : 'f32';
          const problem = convProblem(randomConv(family, source, elementType));
          if (supports(problem, test.profile) === true) await expectRight(problem, name);
        }
      }
    });
  }
});

describe.skipIf(single)('activations', () => {
  const kinds = [
    { kind: 'relu' },
    { kind: 'clip', min: -0.5, max: 1.25 },
    { kind: 'leaky-relu', alpha: 0.1 },
    { kind: 'sigmoid' },
    { kind: 'hard-sigmoid', alpha: 0.2, beta: 0.5 },
    { kind: 'hard-swish' },
    { kind: 'silu' },
    { kind: 'gelu' },
    { kind: 'gelu-tanh' },
    { kind: 'tanh' },
  ] as const;
  for (const activation of kinds) {
    it(`${activation.kind} follows ONNX`, async () => {
      const problem = convProblem({ channels: [9, 8], size: [4, 5], kernel: [3, 3], bias: true, activation });
      await expectRight(problem, 'direct');
    });
  }
});
