import { beforeAll, describe, expect, it } from 'vitest';
import { gemmAlgorithms, type GemmProblem } from '../src/index.js';
import { randomGemm } from './cases.js';
import { checkGemmCase } from './check.js';
import { expectRightInF16 } from './expect-right.js';
import { acquire, type TestDevice } from './harness.js';
import { random } from './random.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

async function expectRight(problem: GemmProblem, constantB: boolean, only?: string): Promise<void> {
  const wrong = await checkGemmCase(test, problem, constantB, { only });
  expect(wrong, JSON.stringify({ problem, constantB, only })).toBeUndefined();
}

/** B row-major at offset 0: what `pack` takes. */
function withPlainB(problem: GemmProblem): GemmProblem {
  const { n } = problem;
  return { ...problem, b: { offset: 0, batchStride: 0, rowStride: n, columnStride: 1 } };
}

describe('matrix products', () => {
  it('agree with the reference, B packed', async () => {
    const source = random(5);
    for (let i = 0; i < 40; i++) await expectRight(withPlainB(randomGemm(source, 'f32', i % 2 ? 4 : 1)), true);
  });

  it('agree with the reference, B an activation', async () => {
    const source = random(6);
    for (let i = 0; i < 60; i++) await expectRight(randomGemm(source, 'f32', i % 2 ? 4 : 1), false);
  });

  it('agree by every algorithm', async () => {
    const source = random(7);
    for (let i = 0; i < 10; i++) {
      const problem = randomGemm(source, 'f32', i % 2 ? 4 : 1);
      for (const { name, supports } of gemmAlgorithms) {
        if (supports(problem, test.profile, false) === true) await expectRight(problem, false, name);
      }
    }
  });

  it('agree in f16, or are refused where the adapter lacks it', async () => {
    const source = random(8);
    for (let i = 0; i < 20; i++) {
      const problem = randomGemm(source, 'f16', 4);
      await expectRightInF16(test, () => checkGemmCase(test, problem, false, {}));
      await expectRightInF16(test, () => checkGemmCase(test, withPlainB(problem), true, {}));
    }
  });
});
