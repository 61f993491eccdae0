import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { infer, temporaryFolder, value, writeModel } from './fake.js';

const folder = temporaryFolder();
const inputs = [value('x', 'float32', 1, 2)];
const model = writeModel(join(folder, 'm.onnx'), inputs);

describe('wrong usage ends with status 2 and one line', () => {
  it.each<[string[], RegExp]>([
    [[], /missing required argument 'MODEL\.onnx'/],
    [[model, '--bogus'], /unknown option '--bogus'/],
    [[model, '--sed', '3'], /unknown option '--sed'.*--seed/],
    [[model, 'other.onnx'], /too many arguments/],
    [[model, '--dim', 'N'], /'--dim <name=size>' argument 'N' is invalid.*NAME=SIZE/],
    [[model, '--dim', 'N=two'], /'N=two' is invalid/],
    [[model, '--dim', 'N=-1'], /'N=-1' is invalid/],
    [[model, '--dim', '=3'], /'=3' is invalid/],
    [[model, '--dim'], /argument missing/],
    [[model, '--input', 'x='], /'x=' is invalid/],
    [[model, '--seed', '1.5'], /'1\.5' is invalid/],
    [[model, '--shapes', 'x'], /NAME:SIZExSIZE/],
    [[model, '--runs', '0'], /'0' is invalid/],
    [[model, '--top', 'five'], /'five' is invalid/],
    [[model, '--layers', '-1'], /'-1' is invalid/],
    [[model, '--mean', '1,x'], /"x" is not a number/],
    [[model, '--mean', '1,,2'], /"" is not a number/],
    [[model, '--std', '1,0'], /must not be 0/],
    [[model, '--scale', '1/0'], /fraction/],
    [[model, '--precision', 'fp8'], /'fp8' is invalid.*fp32, fp16, strict/],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await infer(args, { inputs });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^infer: [^\n]*infer --help[^\n]*\n$/);
    expect([status, stdout]).toEqual([2, '']);
  });
});

it('takes a lone word that is no file for a command mistyped', async () => {
  const { status, stderr } = await infer(['benhc', model], { inputs });
  expect(stderr).toMatch(/^infer: "benhc" is neither a command nor a file; the commands are run, bench, [^\n]*help\n$/);
  expect(status).toBe(2);
});

describe('help and version', () => {
  it.each([['--help'], ['run', '--help'], ['help', 'run'], [model, '--help']])('%j %j', async (...args) => {
    const { status, stdout, stderr } = await infer(args);
    expect([status, stderr]).toEqual([0, '']);
    for (const part of ['--input', '--std', '(pixel * scale - mean) / std', 'Examples:', 'Exit status']) {
      expect(stdout).toContain(part);
    }
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it('tells the version', async () => {
    expect(await infer(['--version'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

describe('options', () => {
  it('reach the session', async () => {
    const own = [value('x', 'float32', 'N', 'a=b')];
    const dynamic = writeModel(join(folder, 'dynamic.onnx'), own);
    const args = ['--dim', 'N=3', '--dim', 'a=b=2', '--adapter', 'swift', '--precision', 'strict', '--runs', '4'];
    const { status, calls } = await infer([...args, dynamic], { inputs: own });
    expect(status).toBe(0);
    expect(calls.options).toMatchObject({ precision: 'strict', dims: { N: 3, 'a=b': 2 } });
    expect(calls.adapter).toBe('swift');
    expect(calls.feeds?.x.dims).toEqual([3, 2]);
    expect(calls.disposed).toBe(true);
  });

  it('leave the choice of the adapter to the runtime where none is given', async () => {
    expect((await infer([model, '--runs', '1'], { inputs })).calls.adapter).toBeUndefined();
  });

  it('take the model before or after them, and the word run', async () => {
    for (const args of [
      [model, '--seed', '7', '--runs', '1'],
      ['--seed', '7', '--runs', '1', model],
      ['run', model, '--runs', '1', '--seed', '7'],
    ]) {
      expect((await infer(args, { inputs })).status).toBe(0);
    }
  });

  it('make the random values', async () => {
    const feed = async (...args: string[]) => (await infer([model, '--runs', '1', ...args], { inputs })).calls.feeds?.x;
    expect(await feed()).toEqual(await feed('--seed', '0'));
    expect(await feed('--seed', '1')).not.toEqual(await feed());
  });
});
