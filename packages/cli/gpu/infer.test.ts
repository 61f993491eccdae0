import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { decodeNpy, encodeNpy } from '../src/npy.js';
import type { RunReport } from '../src/report/types.js';
import { temporaryFolder } from '../test/fake.js';
import { command, inferProcess } from '../test/process.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [CHANNELS, FILTERS, HEIGHT, WIDTH] = [3, 5, 7, 10];

const weights = Float32Array.from({ length: FILTERS * CHANNELS * 9 }, (_, i) => Math.sin(i * 1.7) / 4);
const bias = Float32Array.from({ length: FILTERS }, (_, i) => i / 10 - 0.2);

function writeClassifier(file: string, height: number | string, width: number | string): string {
  const model = buildModel({
    inputs: [{ name: 'picture', dataType: 'float32', dims: ['N', CHANNELS, height, width] }],
    outputs: [
      { name: 'head/features', dataType: 'float32', dims: ['N', FILTERS, height, width] },
      { name: 'head:features', dataType: 'float32', dims: ['N', FILTERS, 1, 1] },
    ],
    initializers: [
      { name: 'w', dataType: 'float32', dims: [FILTERS, CHANNELS, 3, 3], data: weights },
      { name: 'b', dataType: 'float32', dims: [FILTERS], data: bias },
    ],
    nodes: [
      {
        opType: 'Conv',
        name: 'stem',
        inputs: ['picture', 'w', 'b'],
        outputs: ['conv'],
        attributes: { pads: [1, 1, 1, 1] },
      },
      { opType: 'Relu', inputs: ['conv'], outputs: ['head/features'] },
      { opType: 'GlobalAveragePool', name: 'pool', inputs: ['head/features'], outputs: ['head:features'] },
    ],
  });
  writeFileSync(file, model);
  return file;
}

/** Plain loops over one item of the batch. */
function reference(x: Float32Array, batch: number): { features: Float32Array; scores: Float32Array } {
  const plane = HEIGHT * WIDTH;
  const features = new Float32Array(batch * FILTERS * plane);
  const scores = new Float32Array(batch * FILTERS);
  for (let map = 0; map < batch * FILTERS; map++) {
    const [item, filter] = [Math.floor(map / FILTERS), map % FILTERS];
    for (let at = 0; at < plane; at++) {
      let sum = bias[filter];
      for (let tap = 0; tap < CHANNELS * 9; tap++) {
        const row = Math.floor(at / WIDTH) + (Math.floor(tap / 3) % 3) - 1;
        const column = (at % WIDTH) + (tap % 3) - 1;
        if (row < 0 || row >= HEIGHT || column < 0 || column >= WIDTH) continue;
        const channel = Math.floor(tap / 9);
        sum += weights[filter * CHANNELS * 9 + tap] * x[(item * CHANNELS + channel) * plane + row * WIDTH + column];
      }
      features[map * plane + at] = Math.max(0, sum);
      scores[map] += Math.max(0, sum) / plane;
    }
  }
  return { features, scores };
}

function expectClose(actual: ArrayLike<number>, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i])), 0);
  expect(worst).toBeLessThan(1e-5);
}

const fixed = writeClassifier(at('fixed.onnx'), HEIGHT, WIDTH);
const dynamic = writeClassifier(at('dynamic.onnx'), 'H', 'W');
const x = Float32Array.from({ length: 2 * CHANNELS * HEIGHT * WIDTH }, (_, i) => Math.cos(i * 0.37));
writeFileSync(at('x.npy'), encodeNpy({ dataType: 'float32', dims: [2, CHANNELS, HEIGHT, WIDTH], data: x }));

describe('infer, run as a program', () => {
  it('prints a JSON document and writes the outputs', () => {
    const out = at('out');
    const { status, stdout, stderr } = inferProcess([
      fixed,
      ...['--input', at('x.npy'), '--output-dir', out, '--json', '--runs', '3', '--top', '2'],
    ]);
    expect([status, stderr]).toEqual([0, '']);
    const report: RunReport = JSON.parse(stdout);
    expect(report.dims).toEqual({ N: 2 });
    expect(report.timing.runs).toBe(3);
    expect(report.timing.minMs).toBeGreaterThan(0);
    expect(report.model.outputs.map(({ name }) => name)).toEqual(['head/features', 'head:features']);
    expect(report.adapter.name).not.toBe('');
    expect(readdirSync(out).sort()).toEqual(['head_features.npy', 'head_features_2.npy']);
    const expected = reference(x, 2);
    const [features, scores] = report.outputs.map(({ file }) => decodeNpy(readFileSync(file!)));
    expect([features.dims, scores.dims]).toEqual([
      [2, FILTERS, HEIGHT, WIDTH],
      [2, FILTERS, 1, 1],
    ]);
    expectClose(features.data as Float32Array, expected.features);
    expectClose(scores.data as Float32Array, expected.scores);
    expect(report.outputs[1].classes?.items.map((item) => item.length)).toEqual([2, 2]);
    if (report.gpu.available) expect(report.gpu.layers.map(({ opType }) => opType).join()).toContain('Conv');
  });

  it('reports for people, without colours in a pipe, on a picture of its own size', async () => {
    const background = '#336699';
    await sharp({ create: { width: 9, height: 6, channels: 3, background } }).toFile(at('blue.png'));
    const plain = { CI: 'true', FORCE_COLOR: undefined };
    const { status, stdout, stderr } = inferProcess([dynamic, '--input', at('blue.png'), '--runs', '1'], plain);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`picture: float32 1x3x6x9 from ${at('blue.png')}`);
    for (const part of ['Model ', 'Adapter ', 'Prepare ', 'end to end', 'Outputs ', 'head/features: float32 1x5x6x9']) {
      expect(stdout).toContain(part);
    }
    expect(stdout).not.toContain('\u001b');
  });

  it('gives the same values for the same seed', () => {
    const mean = (seed: string) => {
      const { stdout } = inferProcess([
        dynamic,
        '--dim',
        'H=5',
        '--dim',
        'W=4',
        '--seed',
        seed,
        '--runs',
        '1',
        '--json',
      ]);
      return (JSON.parse(stdout) as RunReport).outputs[0].statistics?.mean;
    };
    expect(mean('3')).toBe(mean('3'));
    expect(mean('4')).not.toBe(mean('3'));
  });

  it('names operators that are not supported', () => {
    const value = (name: string, dims: (number | string)[]) => ({ name, dataType: 'float32' as const, dims });
    const unknown = { opType: 'NoSuchOperator', name: 'odd_one', inputs: ['x'], outputs: ['y'] };
    writeFileSync(
      at('odd.onnx'),
      buildModel({ inputs: [value('x', [2])], outputs: [value('y', [2])], nodes: [unknown] }),
    );
    const odd = inferProcess([at('odd.onnx')]);
    expect([odd.status, odd.stdout]).toEqual([1, '']);
    expect(odd.stderr).toMatch(/^infer: [^\n]*odd\.onnx[^\n]*NoSuchOperator[^\n]*\n$/);
    expect(odd.stderr).toContain('odd_one');
  });

  it('refuses an adapter that is not there', () => {
    const { status, stdout, stderr } = inferProcess([fixed, '--adapter', 'no such adapter']);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^infer: [^\n]*no such adapter[^\n]*\n$/);
  });

  it('ends at once when it is interrupted', async () => {
    const args = [...command, fixed, '--runs', '1000000', '--output-dir', at('started')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const ended = new Promise((resolve) => child.on('close', (status, signal) => resolve(status ?? signal)));
    while (!existsSync(at('started'))) await setTimeout(100);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
  });
});
