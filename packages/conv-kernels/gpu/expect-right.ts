import { expect } from 'vitest';
import { chooseConv, type ConvProblem } from '../src/index.js';
import { checkConvCase } from './check.js';
import type { TestDevice } from './harness.js';

/**
 * Fails where a convolution by the algorithm (or variant) `only`, or else by the one that is chosen, differs from the
 * reference, with the command that runs the problem alone. Gives the algorithm's name.
 */
export async function expectRight(test: TestDevice, problem: ConvProblem, only?: string): Promise<string> {
  const { algorithm, variant } = chooseConv(problem, test.profile, { only });
  const wrong = await checkConvCase(test, problem, { only });
  if (wrong === undefined) return algorithm;
  const name = variant === undefined ? algorithm : `${algorithm} ${variant}`;
  const adapter = process.env.TESSERA_ADAPTER || 'auto';
  const again = JSON.stringify({ kind: 'conv', problem, only: name });
  expect.fail(`${wrong}\nnpm run verify:convs -- --adapter ${adapter} --case '${again}'`);
}

/** As the check of a problem in f16 must end: without a fault, or refused where the device has no f16. */
export async function expectRightInF16(
  { profile }: TestDevice,
  check: () => Promise<string | undefined>,
): Promise<void> {
  if (profile.hasF16) expect(await check()).toBeUndefined();
  else await expect(check()).rejects.toThrow('the device has no shader-f16');
}
