import { beforeAll, describe, expect, it } from 'vitest';
import { int8Algorithms, planInt8Conv, planInt8Gemm } from '../src/index.js';
import { checkInt8Case, checkInt8Gemm } from './check-int8.js';
import { int8Cases, int8Problem, randomInt8Gemm } from './int8-cases.js';
import { acquire, type TestDevice } from './harness.js';
import { random } from './random.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

/** Those that need no matrix units, which the adapters of tests lack (int8-matrix.test.ts). */
const everywhere = int8Algorithms.filter(({ name }) => name !== 'int8-matrix');

describe('int8 convolutions', () => {
  for (const [name, conv] of Object.entries(int8Cases)) {
    it(`${name}: every algorithm agrees with the reference`, async () => {
      const problem = int8Problem(conv);
      for (const { name: only } of everywhere) {
        expect(planInt8Conv(problem, test.profile, { only }).algorithm).toBe(only);
        expect(await checkInt8Case(test, problem, { only }), only).toBeUndefined();
      }
    });
  }
});

describe('int8 matrix products', () => {
  for (const constant of [true, false]) {
    it(`agree with the reference, weights ${constant ? 'packed' : 'known at the run'}`, async () => {
      const source = random(81);
      for (let i = 0; i < 8; i++) {
        const problem = randomInt8Gemm(source, constant);
        for (const { name: only } of everywhere) {
          expect(planInt8Gemm(problem, test.profile, { only }).algorithm).toBe(only);
          expect(await checkInt8Gemm(test, problem, { only }), JSON.stringify({ problem, only })).toBeUndefined();
        }
      }
    });
  }
});
