import { beforeAll, describe, it } from 'vitest';
import { convProblem } from './cases.js';
import { expectRight } from './expect-right.js';
import { acquire, type TestDevice } from './harness.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

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

describe('activations', () => {
  for (const activation of kinds) {
    it(`${activation.kind} follows ONNX`, async () => {
      const problem = convProblem({ channels: [9, 8], size: [4, 5], kernel: [3, 3], bias: true, activation });
      await expectRight(test, problem, 'direct');
    });
  }
});
