import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { referenceConv } from '../src/index.js';
import { sumTolerance } from '../src/tolerance.js';
import { convProblem } from './cases.js';
import { acquire } from './harness.js';
import { random } from './random.js';
import { convolve, profileOf } from './standalone.js';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

describe('the example of the README', () => {
  it('is the one that is tested', () => {
    const blocks = [...read('../README.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
    expect(blocks).toContain(read('./standalone.ts'));
  });

  it('convolves', async () => {
    const { device } = await acquire();
    const problem = convProblem({ channels: [8, 12], size: [9, 7], kernel: [3, 3], pads: [1, 1, 1, 1] });
    const source = random(3);
    const values = (count: number) => Float32Array.from({ length: count }, () => source.next() * 2 - 1);
    const operands = { input: values(8 * 9 * 7), weights: values(12 * 8 * 9) };
    const want = new Float64Array(12 * 9 * 7);
    referenceConv(problem, operands, want);
    const profile = profileOf(device, (device as GPUDevice & { readonly adapterInfo: GPUAdapterInfo }).adapterInfo);
    const got = await convolve(device, profile, problem, operands, want.length);
    const { absolute } = sumTolerance(72, 1, 'f32');
    for (let i = 0; i < want.length; i++) expect(Math.abs(got[i] - want[i])).toBeLessThanOrEqual(absolute);
  });
});
