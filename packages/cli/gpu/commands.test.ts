import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import type { BenchReport } from '../src/bench/types.js';
import type { CompareReport } from '../src/compare/types.js';
import type { ExplainReport } from '../src/explain/report.js';
import type { ProfileReport } from '../src/profile/types.js';
import { main } from '../src/cli.js';
import { Interruption } from '../src/interruption.js';
import { plainColors, temporaryFolder } from '../test/fake.js';
import { inferProcess } from '../test/process.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [CHANNELS, HEIGHT, WIDTH] = [5, 7, 9];

/** Four convolutions in a row, each with an activation; `change` alters the weights of the third. */
function writeNetwork(file: string, scale: number, change: (weights: Float32Array) => void): string {
  const layers = [0, 1, 2, 3];
  const initializers = layers.map((layer) => {
    const data = Float32Array.from({ length: CHANNELS * CHANNELS * 9 }, (_, i) => scale * Math.sin(i * 1.3 + layer));
    if (layer === 2) change(data);
    return { name: `w${layer}`, dataType: 'float32' as const, dims: [CHANNELS, CHANNELS, 3, 3], data };
  });
  const nodes = layers.flatMap((layer) => [
    {
      opType: 'Conv',
      name: `conv${layer}`,
      inputs: [layer === 0 ? 'x' : `r${layer - 1}`, `w${layer}`],
      outputs: [`c${layer}`],
      attributes: { pads: [1, 1, 1, 1] },
    },
    { opType: 'Relu', name: `relu${layer}`, inputs: [`c${layer}`], outputs: [`r${layer}`] },
  ]);
  const inputs = [{ name: 'x', dataType: 'float32' as const, dims: ['N', CHANNELS, HEIGHT, WIDTH] }];
  const outputs = [{ name: 'r3', dataType: 'float32' as const }];
  writeFileSync(file, buildModel({ inputs, outputs, nodes, initializers }));
  return file;
}

const good = writeNetwork(at('good.onnx'), 0.2, () => undefined);
const bad = writeNetwork(at('bad.onnx'), 0.2, (weights) => (weights[17] += 0.5));
/** Each layer multiplies by about a hundred. */
const large = writeNetwork(at('large.onnx'), 30, () => undefined);

/** Runs the command line in this process, on any adapter. */
async function infer(args: readonly string[]) {
  const text = { stdout: '', stderr: '' };
  const status = await main(args, {
    stdout: { write: (part) => (text.stdout += part) },
    stderr: { write: (part) => (text.stderr += part) },
    colors: plainColors,
    debug: false,
    interruption: new Interruption(),
    loadRuntime: () => import('@tessera/runtime'),
    serve: () => Promise.reject(new Error('nothing is served here')),
  });
  return { status, ...text };
}

async function compare(...args: string[]) {
  const { status, stdout, stderr } = await infer(['compare', ...args, '--json']);
  return { status, stderr, report: JSON.parse(stdout) as CompareReport };
}

describe('compare', () => {
  it.each(['onnxruntime', 'cpu', good])('agrees with %s, layer by layer', async (reference) => {
    const { status, stderr, report } = await compare(good, '--with', reference, '--dim', 'N=2');
    expect([status, stderr, report.agrees]).toEqual([0, '', true]);
    expect(report.layers.map(({ value, verdict }) => [value, verdict])).toEqual(
      ['r0', 'r1', 'r2', 'r3'].map((value) => [value, 'agrees']),
    );
    expect(report.layers[0].shape).toEqual([2, CHANNELS, HEIGHT, WIDTH]);
  });

  it('names the node of a planted error, with its worst element', async () => {
    const { status, stderr, report } = await compare(bad, '--with', good);
    expect(status).toBe(1);
    expect(stderr).toBe(`infer: ${bad} differs from ${good}, first at node conv2\n`);
    const first = report.layers[report.firstDivergence!];
    expect(first).toMatchObject({ value: 'r2', layer: 'conv2', origins: ['conv2', 'relu2'] });
    const { worst, wrong } = first.difference!;
    expect(wrong).toBeGreaterThan(0);
    expect(Math.abs(worst!.ours - worst!.reference)).toBeGreaterThan(0.01);
    expect(report.layers.map(({ verdict }) => verdict)).toEqual(['agrees', 'agrees', 'differs', 'differs']);
    const text = (await infer(['compare', bad, '--with', good])).stdout;
    expect(text).toMatch(
      /First divergence: node conv2 \(FusedConv, standing for conv2, relu2\), value r2 1x5x7x9: at \[/,
    );
  });

  it('compares with values that were saved', async () => {
    const values = at('values');
    expect((await compare(good, '--with', 'cpu', '--save', values)).status).toBe(0);
    expect(await compare(good, '--with', values)).toMatchObject({
      status: 0,
      report: { agrees: true, notCompared: [] },
    });
    expect(await compare(bad, '--with', values)).toMatchObject({ status: 1, report: { firstDivergence: 2 } });
    expect(await compare(bad, '--with', values, '--rtol', '100')).toMatchObject({ status: 0 });
    expect((await infer([good, '--output-dir', at('outputs'), '--runs', '1'])).status).toBe(0);
    const outputs = await compare(good, '--with', at('outputs'), '--no-layers');
    expect(outputs).toMatchObject({ status: 0, report: { layers: [{ value: 'r3' }] } });
    expect(await compare(good, '--with', join(at('outputs'), 'r3.npy'))).toMatchObject({ status: 0 });
  });

  it('reports activations that pass the range of fp16', async () => {
    const { report, status } = await compare(large, '--with', 'cpu');
    expect(status).toBe(0);
    const beyond = report.layers.map(({ beyondHalf }) => beyondHalf > 0);
    expect(beyond[0]).toBe(false);
    expect(beyond[3]).toBe(true);
    const text = (await infer(['compare', large, '--with', 'cpu'])).stdout;
    expect(text).toMatch(/fp16: \d values pass 65504 and would overflow, the first at node conv\d \(\d+ elements\)/);
    const half = await infer(['compare', large, '--with', 'cpu', '--precision', 'fp16', '--json']);
    if (half.stdout === '') {
      expect([half.status, half.stderr]).toEqual([1, expect.stringContaining('shader-f16')]);
    } else {
      const inHalf: CompareReport = JSON.parse(half.stdout);
      expect(half.status).toBe(1);
      expect(inHalf.layers[inHalf.firstDivergence!].verdict).toBe('overflows');
      expect(inHalf.layers[3].difference!.wrong).toBeGreaterThan(0);
    }
  });
});

describe('the other commands', () => {
  it('bench tells parts, layers and a peer', () => {
    const args = ['bench', good, '--warmUp', '0', '--duration', '0.2', '--peer', 'onnxruntime-cpu', '--json'];
    const { status, stdout, stderr } = inferProcess(args);
    expect([status, stderr]).toEqual([0, '']);
    const report: BenchReport = JSON.parse(stdout);
    expect(report.runs).toBeGreaterThanOrEqual(10);
    expect(report.latency.median).toBeGreaterThan(report.parts.encode.median);
    expect(report.layers!.rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['conv0', 'conv3']));
    expect(report.peer).toMatchObject({ runtime: 'onnxruntime-node', provider: 'cpu provider' });
    expect(report.peer!.ratio).toBeCloseTo(report.peer!.latency.median / report.latency.median, 10);
    expect(report.peer!.difference).toBeLessThan(1e-4);
  });

  it('profile counts the arithmetic and writes a page', async () => {
    const args = ['profile', good, '--dim', 'N=3', '--iterations', '2', '--html', at('page.html'), '--json'];
    const { status, stdout, stderr } = await infer(args);
    expect([status, stderr]).toEqual([0, '']);
    const report: ProfileReport = JSON.parse(stdout);
    const conv = report.layers.filter(({ opType }) => opType === 'FusedConv');
    expect(conv.map(({ flops }) => flops)).toEqual(Array(4).fill(2 * 3 * CHANNELS * HEIGHT * WIDTH * CHANNELS * 9));
    expect(report.wholeMs).toBeGreaterThan(0);
    expect(conv.every(({ roofline }) => roofline! > 0)).toBe(true);
    expect(readFileSync(at('page.html'), 'utf8')).toContain('"conv0"');
  });

  it('explain names candidates, the pick and the reason, and asserts them', async () => {
    const { status, stdout, stderr } = await infer(['explain', good, '--json']);
    expect([status, stderr]).toEqual([0, '']);
    const report: ExplainReport = JSON.parse(stdout);
    expect(report.layers.map(({ name }) => name)).toEqual(['conv0', 'conv1', 'conv2', 'conv3']);
    for (const { candidates, pick, reason } of report.layers) {
      expect(candidates.length).toBeGreaterThan(1);
      expect(pick).toContain(candidates[0].algorithm);
      expect(reason).toMatch(/^the fastest as predicted/);
    }
    writeFileSync(at('picks.json'), stdout);
    expect((await infer(['explain', good, '--assert', at('picks.json')])).status).toBe(0);
    const layers = report.layers.map((layer, i) => (i === 1 ? { ...layer, pick: 'magic' } : layer));
    writeFileSync(at('picks.json'), JSON.stringify({ ...report, layers }));
    const differing = await infer(['explain', good, '--assert', at('picks.json')]);
    expect(differing.status).toBe(1);
    expect(differing.stderr).toMatch(/^infer: picks differ from .*: conv1 is computed by .*, not by magic\n$/);
  });

  it('tune writes times that later sessions take', async () => {
    const file = at('times.json');
    const tuned = await infer(['tune', good, '--budget', '0.01', '--output', file]);
    expect([tuned.status, tuned.stderr]).toEqual([0, '']);
    expect(tuned.stdout).toMatch(/Tuned 1 of 2 problems/);
    const report: ExplainReport = JSON.parse((await infer(['explain', good, '--tuning', file, '--json'])).stdout);
    const timed = report.layers.filter(({ candidates }) => candidates[0].measuredSeconds! > 0);
    expect(timed.length).toBeGreaterThan(0);
    expect(timed[0].reason).toMatch(/^the fastest as tuned/);
    writeFileSync(file, 'hello');
    expect((await infer(['explain', good, '--tuning', file])).stderr).toMatch(/^infer: .*times\.json.*not JSON.*\n$/);
    const missing = await infer(['explain', good, '--tuning', at('none.json')]);
    expect(missing.stderr).toMatch(/^infer: .*none\.json: it cannot be read: there is no such file\n$/);
    expect(missing.stderr).not.toMatch(/assuming/);
  });
});
