import { beforeAll, describe, expect, it } from 'vitest';
import { convAlgorithms, planConv } from '../src/index.js';
import { convProblem, type ConvCase } from './cases.js';
import { checkConvPlan } from './check.js';
import { acquire, type TestDevice } from './harness.js';
import { random } from './random.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

/** Large enough that most sums stay finite; without activation, since min and max of NaN are open in WGSL. */
const cases: Record<string, ConvCase> = {
  dense: { channels: [12, 16], size: [13, 18], kernel: [3, 3], pads: [1, 1, 1, 1], bias: true },
  'odd channels, residual': { channels: [7, 5], size: [11, 9], kernel: [3, 2], residual: 'nhwc' },
  grouped: { channels: [10, 6], size: [9, 12], kernel: [3, 3], groups: 2 },
  depthwise: { channels: [8, 8], size: [12, 9], kernel: [3, 3], pads: [1, 0, 0, 1], groups: 8 },
  'large kernel': { channels: [4, 8], size: [25, 33], kernel: [11, 11], pads: [5, 5, 5, 5] },
};

describe('NaN and infinity in the input', () => {
  for (const [name, conv] of Object.entries(cases)) {
    it(`come out as the reference says, or as the algorithm's rule is: ${name}`, async () => {
      const problem = convProblem(conv);
      for (const { name: only, supports } of convAlgorithms) {
        if (supports(problem, test.profile) !== true) continue;
        const source = random(3);
        const wrong = await checkConvPlan(
          test,
          problem,
          planConv(problem, test.profile, { only }),
          (input, positions) => {
            for (const value of [NaN, Infinity, -Infinity]) input[source.pick(positions)] = value;
          },
        );
        expect(wrong).toBeUndefined();
      }
    });
  }
});
