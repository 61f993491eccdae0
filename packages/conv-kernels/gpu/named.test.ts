import { beforeAll, describe, expect, it } from 'vitest';
import { convAlgorithms } from '../src/index.js';
import { convCases, convProblem } from './cases.js';
import { expectRight } from './expect-right.js';
import { acquire, type TestDevice } from './harness.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

/**
 * The algorithm that is chosen, and one of the others in turn from case to case. `npm run verify:convs` runs every case by
 * every algorithm: compiling all of their shaders takes a slow adapter minutes.
 */
describe('named convolutions', () => {
  for (const [i, [name, conv]] of Object.entries(convCases).entries()) {
    it(`${name}: agrees with the reference`, async () => {
      const problem = convProblem(conv);
      const chosen = await expectRight(test, problem);
      const others = convAlgorithms.filter((a) => a.name !== chosen && a.supports(problem, test.profile) === true);
      if (others.length > 0) await expectRight(test, problem, others[i % others.length].name);
    });
  }

  it('are solved by every algorithm that needs no special hardware, between them', () => {
    const problems = Object.values(convCases).map(convProblem);
    for (const { name, supports } of convAlgorithms) {
      const refusals = problems.map((problem) => supports(problem, test.profile));
      const hardware = refusals.some((refusal) => refusal !== true && /the device has no/.test(refusal));
      expect(refusals.includes(true) || hardware, `${name}: ${refusals[0]}`).toBe(true);
    }
  });
});
