import { beforeAll, describe, expect, it } from 'vitest';
import { chooseConv, convAlgorithms } from '../src/index.js';
import { convFamilies, convProblem, randomConv } from './cases.js';
import { expectRight } from './expect-right.js';
import { acquire, type TestDevice } from './harness.js';
import { random } from './random.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

describe('random convolutions by the algorithm that is chosen', () => {
  for (const [name, family] of Object.entries(convFamilies)) {
    it(`${name}: agree with the reference`, async () => {
      const source = random(20261123);
      for (let i = 0; i < 12; i++) await expectRight(test, convProblem(randomConv(family, source, 'f32')));
      for (let i = 0; i < 3; i++) {
        const half = convProblem(randomConv(family, source, 'f16'));
        if (test.profile.hasF16) await expectRight(test, half);
        else expect(() => chooseConv(half, test.profile)).toThrow('the device has no shader-f16');
      }
    });
  }
});

/** One family each, the first that it takes, so that few shaders are compiled. */
describe('random convolutions by every algorithm', () => {
  for (const { name, supports } of convAlgorithms) {
    it(`${name} agrees with the reference, or is not for this device`, async () => {
      const reasons: unknown[] = [];
      for (const family of Object.values(convFamilies)) {
        const source = random(414);
        const problems = Array.from({ length: 4 }, () => convProblem(randomConv(family, source, 'f32')));
        const own = problems.filter((problem) => supports(problem, test.profile) === true);
        for (const problem of own) await expectRight(test, problem, name);
        if (own.length > 0) return;
        reasons.push(...problems.map((problem) => supports(problem, test.profile)));
      }
      for (const reason of reasons) expect(reason).toMatch(/^the device/);
    });
  }
});
