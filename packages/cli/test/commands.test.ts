import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from '../src/npy.js';
import { infer, temporaryFolder, value, writeModel } from './fake.js';
import { command } from './process.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const inputs = [value('x', 'float32', 1, 2)];
const model = writeModel(at('m.onnx'), inputs);
mkdirSync(at('folder.onnx'));
writeFileSync(at('empty.onnx'), '');
writeFileSync(at('text.onnx'), 'hello\n');

const commands = ['run', 'bench', 'profile', 'explain', 'tune', 'compare', 'inspect', 'doctor', 'batch', 'serve'];

/** What a command needs beside the model. */
const needed: Readonly<Record<string, readonly string[]>> = {
  batch: ['--input', at('folder.onnx'), '--output', at('results')],
  serve: [],
};

describe.each(commands)('infer %s', (name) => {
  const missing: [string, RegExp][] = [
    ['none.onnx', /none\.onnx cannot be read: no such file or directory/],
    ['folder.onnx', /folder\.onnx is a directory, not a model/],
  ];
  it.each<[string, RegExp]>([
    // A folder is what serve takes; of what is not there its server tells.
    ...(name === 'serve' ? [] : missing),
    ['empty.onnx', /empty\.onnx.* is not an ONNX file|empty\.onnx.*it is empty/],
    ['text.onnx', /text\.onnx.* is not an ONNX file/],
  ])('refuses %s in one line', async (file, message) => {
    const { status, stdout, stderr } = await infer([name, at(file), ...(needed[name] ?? ['--json'])], { inputs });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^infer: [^\n]+\n$/);
    expect(stderr).not.toMatch(/internal error/);
    expect(status).toBe(1);
    if (name !== 'doctor') expect(stdout).toBe('');
  });

  it('tells of wrong usage in one line', async () => {
    const { status, stdout, stderr } = await infer([name, model, '--bogus', ...(needed[name] ?? [])], { inputs });
    expect(stderr).toMatch(/^infer: unknown option '--bogus'[^\n]*infer --help[^\n]*\n$/);
    expect([status, stdout]).toEqual([2, '']);
  });

  it('has help with examples and exit status, no line too long', async () => {
    const { status, stdout, stderr } = await infer([name, '--help']);
    expect([status, stderr]).toEqual([0, '']);
    for (const part of ['Examples:', 'Exit status']) expect(stdout).toContain(part);
    expect(stdout).toMatch(new RegExp(`infer ${name === 'run' ? '' : name}`));
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});

it.each<[string[], RegExp]>([
  [['bench', model, '--duration', 'long'], /'long' is invalid/],
  [['bench', model, '--percentile', '0'], /above 0 and at most 100/],
  [['bench', model, '--peer', 'other'], /onnxruntime, onnxruntime-cpu/],
  [['profile', model, '--group', 'colour'], /layer, operator, algorithm/],
  [['profile', model, '--top', '0'], /'0' is invalid/],
  [['compare', model, '--rtol', '-1'], /'-1' is invalid/],
  [['completion'], /missing required argument 'shell'/],
])('%j is wrong usage', async (args, message) => {
  const { status, stderr } = await infer(args, { inputs });
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^infer: [^\n]+\n$/);
  expect(status).toBe(2);
});

it.each<[string[], RegExp]>([
  [['compare', model, '--with', at('none.npy')], /--with .*none\.npy: there is no such file/],
  [['compare', model, '--with', at('text.txt')], /--with .*text\.txt: the name must end in/],
  [['compare', model, '--with', at('folder.onnx')], /folder\.onnx holds no values of this model/],
  [['explain', model, '--assert', at('none.json')], /--assert .*none\.json cannot be read: no such file/],
  [['explain', model, '--assert', at('text.txt')], /is not a report of infer explain --json/],
  [['tune', model, '--output', at('no/such/file')], /--output .*no\/such\/file cannot be written: no such file/],
])('%j fails in one line', async (args, message) => {
  writeFileSync(at('text.txt'), 'hello');
  const { status, stderr } = await infer(args, { inputs });
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^infer: [^\n]+\n$/);
  expect(status).toBe(1);
});

it.each([['run'], ['profile'], ['bench']])('%s says where a tuning file chooses nothing', async (name) => {
  const layer = { name: 'conv', opType: 'Conv', shape: [1, 2] };
  const candidate = { algorithm: 'direct', predictedSeconds: 1 };
  const args = [name, model, '--tuning', 'times.json', '--json'];
  const untimed = await infer(args, { inputs, explanation: [{ ...layer, candidates: [candidate] }] });
  const { warnings } = JSON.parse(untimed.stdout);
  expect(warnings).toEqual([expect.stringContaining('times.json has no times')]);
  const timed = [{ ...layer, candidates: [{ ...candidate, measuredSeconds: 1 }] }];
  expect(JSON.parse((await infer(args, { inputs, explanation: timed })).stdout).warnings).toEqual([]);
});

it.each([['run'], ['profile']])('%s says where an input holds NaN', async (name) => {
  const data = Float32Array.from({ length: 6 }, (_, i) => (i < 2 ? NaN : i));
  writeFileSync(at('nan.npy'), encodeNpy({ dataType: 'float32', dims: [2, 3], data }));
  const own = writeModel(at('matrix.onnx'), [value('x', 'float32', 2, 3)]);
  const { stdout } = await infer([name, own, '--input', at('nan.npy')], { inputs: [value('x', 'float32', 2, 3)] });
  expect(stdout).toContain('input "x" holds 2 NaN');
});

it('the help of the program lists the commands', async () => {
  const { stdout } = await infer(['--help']);
  for (const name of commands) expect(stdout).toMatch(new RegExp(`^ +${name} .*\\[options\\]`, 'm'));
});

it.each([[['inspect', model]], [['completion', 'zsh']], [['profile', '--help']]])(
  '%j is quiet where its reader has seen enough',
  async (args) => {
    const child = spawn(process.execPath, [...command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (part) => (errors += part));
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect([status, errors]).toEqual([0, '']);
  },
);
