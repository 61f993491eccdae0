import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from '@tessera/runtime';
import { TesseraError } from '../../../runtime/src/errors.js';
import { describe, expect, it } from 'vitest';
import { decodeNpy } from '../../src/npy.js';
import type { RunReport } from '../../src/report/types.js';
import { infer, temporaryFolder, value, writeModel } from '../fake.js';

const folder = temporaryFolder();
const inputs = [value('x', 'float32', 'N', 2)];
const model = writeModel(join(folder, 'm.onnx'), inputs);
const labels = join(folder, 'labels.txt');
writeFileSync(labels, 'cat\ndog\nbird\n');

const outputs: Record<string, Tensor> = {
  'out/scores': { dataType: 'float32', dims: [1, 3], data: new Float32Array([0.25, 3, 1.5]) },
  'out:scores': { dataType: 'float32', dims: [2, 2, 2], data: new Float32Array([1, 2, 3, NaN, 5, 6, 7, -Infinity]) },
};

async function json(...args: string[]): Promise<RunReport> {
  const { stdout } = await infer([model, '--json', '--runs', '2', ...args], { inputs, outputs });
  return JSON.parse(stdout);
}

describe('--json', () => {
  it('prints one document with every key', async () => {
    const { stdout, stderr, status } = await infer([model, '--json', '--runs', '2'], { inputs, outputs });
    expect([status, stderr]).toEqual([0, '']);
    const report: RunReport = JSON.parse(stdout);
    expect(Object.keys(report)).toEqual([
      'schema',
      'version',
      'model',
      'adapter',
      'precision',
      'seed',
      'dims',
      'assumedDims',
      'inputs',
      'prepare',
      'placements',
      'timing',
      'gpu',
      'outputs',
      'warnings',
    ]);
    expect(report).toMatchObject({ schema: 'tessera.run', version: 1, dims: { N: 1 }, assumedDims: ['N'], seed: 0 });
    expect(report.model).toEqual({
      file: model,
      bytes: readFileSync(model).length,
      producer: 'test 1.0',
      irVersion: 8,
      opsets: { 'ai.onnx': 17, 'com.microsoft': 1 },
      inputs: [{ name: 'x', dataType: 'float32', shape: ['N', 2] }],
      outputs: [
        { name: 'out/scores', dataType: 'float32', shape: [1, 3] },
        { name: 'out:scores', dataType: 'float32', shape: [2, 2, 2] },
      ],
    });
    expect(report.inputs).toEqual([{ name: 'x', kind: 'random', files: [], dataType: 'float32', shape: [1, 2] }]);
    expect(Object.keys(report.timing)).toEqual(['firstRunMs', 'runs', 'medianMs', 'minMs', 'maxMs']);
    expect(report.timing.runs).toBe(2);
  });

  it('lists the layers, slowest first, with shares and rates', async () => {
    const { gpu } = await json();
    expect(gpu).toMatchObject({ available: true, ms: 4, layerCount: 3 });
    if (!gpu.available) return;
    expect(gpu.layers.map(({ name, share, gflops }) => [name, share, gflops])).toEqual([
      ['fc', 0.6875, 4000],
      ['conv1', 0.25, 4000],
      ['pool', 0.0625, null],
    ]);
    const { gpu: limited } = await json('--layers', '1');
    expect(limited.available && [limited.layers.length, limited.layerCount]).toEqual([1, 3]);
  });

  it('has statistics, classes and files of the outputs', async () => {
    const directory = join(folder, 'out');
    const report = await json('--labels', labels, '--top', '2', '--output-dir', directory);
    expect(report.warnings).toEqual([]);
    expect(report.outputs.map(({ file }) => file)).toEqual([
      join(directory, 'out_scores.npy'),
      join(directory, 'out_scores_2.npy'),
    ]);
    expect(decodeNpy(readFileSync(report.outputs[1].file!))).toEqual(outputs['out:scores']);
    expect(report.outputs[0].classes).toMatchObject({
      scores: 'logits',
      items: [[{ label: 'dog' }, { label: 'bird' }]],
    });
    expect(report.outputs[1]).toMatchObject({ statistics: { min: 1, max: 7, nan: 1, inf: 1 }, classes: null });
  });
});

describe('the report for people', () => {
  it('says it all', async () => {
    const { stdout, stderr } = await infer([model, '--runs', '2', '--labels', labels], { inputs, outputs });
    expect(stderr).toBe('');
    const text = stdout
      .replaceAll(model, 'm.onnx')
      .replace(/\d+ B, by/, '88 B, by')
      .replace(/first run .* ms/, 'first run 1 ms');
    expect(text.replace(/end to end .*/, 'end to end 1 ms')).toMatchInlineSnapshot(`
      "Model     m.onnx, 88 B, by test 1.0, IR 8, opset 17, com.microsoft 1
                takes x: float32 Nx2
                gives out/scores: float32 1x3
                gives out:scores: float32 2x2x2
      Adapter   Test GPU (software, driver 1.2, system), precision fp32
                A software adapter is slow.
      Inputs    x: float32 1x2 from random (seed 0)
                sizes: N = 1 (assumed); --dim NAME=SIZE sets one
      Prepare   load 12.3 ms, lower 1.50 ms, upload 0.250 ms, compile 2.35 s
                3 nodes, 4 dispatches, 3 pipelines; weights 12.3 MB, activations 999 B
      Time      first run 1 ms
                end to end 1 ms
                GPU 4.00 ms summed over 3 layers (each the median of 20 times)

      Slowest layers (3 of 3)
      ┌───────┬──────────┬───────────┬─────────┬───────┬──────┬─────────┐
      │ layer │ operator │ algorithm │ shape   │    ms │    % │ GFLOP/s │
      ├───────┼──────────┼───────────┼─────────┼───────┼──────┼─────────┤
      │ fc    │ Gemm     │ gemm      │ 1x10    │  2.75 │ 68.8 │    4000 │
      │ conv1 │ Conv     │ winograd  │ 1x8x7x5 │  1.00 │ 25.0 │    4000 │
      │ pool  │ MaxPool  │ pool      │ 1x8x3x2 │ 0.250 │  6.3 │         │
      └───────┴──────────┴───────────┴─────────┴───────┴──────┴─────────┘

      Outputs   out/scores: float32 1x3
                  min 0.25, max 3, mean 1.58333, std 1.12423
                  best 3 classes (the percentages are the softmax of the scores):
                    77.7% dog (1): score 3
                    17.3% bird (2): score 1.5
                    5.0% cat (0): score 0.25
                out:scores: float32 2x2x2
                  min 1, max 7, mean 4, std 2.16025, 1 NaN, 1 infinite
      "
    `);
  });

  it('names nodes that ran on the CPU', async () => {
    const cpu = (name: string) => ({ name, opType: 'NonZero', where: 'cpu' as const, reason: 'it has no kernel' });
    const gpu = { name: 'conv', opType: 'Conv', where: 'gpu' as const, reason: 'it has a kernel' };
    const placements = [cpu('a'), gpu, cpu('b'), cpu('c'), cpu('d')];
    const { stdout } = await infer([model, '--runs', '1'], { inputs, outputs, placements });
    expect(stdout).toContain('on the CPU 4 of 5 nodes: a (NonZero: it has no kernel), b');
    expect(stdout).toContain('c (NonZero: it has no kernel), ...');
  });

  it('shows as many layers as asked for', async () => {
    const { stdout } = await infer([model, '--runs', '1', '--layers', '0'], { inputs, outputs });
    expect(stdout).not.toContain('Slowest layers');
  });

  it('says where the GPU cannot be timed', async () => {
    const profileError = new TesseraError('UNSUPPORTED_DEVICE', 'Test GPU has no timestamp queries');
    const { stdout, status } = await infer([model, '--runs', '1'], { inputs, outputs, profileError });
    expect(status).toBe(0);
    expect(stdout).toContain('GPU time is not known: Test GPU has no timestamp queries');
  });

  it('warns of labels of another number', async () => {
    writeFileSync(join(folder, 'two.txt'), 'cat\ndog\n');
    const args = [model, '--runs', '1', '--labels', join(folder, 'two.txt')];
    const { stdout, status } = await infer(args, { inputs, outputs });
    expect(status).toBe(0);
    expect(stdout).toMatch(/Warnings .*two\.txt has 2 labels, but output "out\/scores" has 3 classes/);
    expect(stdout).toContain('class 2');
  });

  it('warns of options for pictures where there is none', async () => {
    const { stdout } = await infer([model, '--runs', '1', '--bgr', '--mean', '1'], { inputs, outputs });
    expect(stdout).toContain('no input is a picture, so nothing was done by --mean, --bgr');
  });
});
