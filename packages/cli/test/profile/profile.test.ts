import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProfileReport } from '../../src/profile/types.js';
import { infer, temporaryFolder, value, writeModel } from '../fake.js';
import { Interruption } from '../../src/interruption.js';

const inputs = [value('x', 'float32', 'N', 2)];
const model = writeModel(join(temporaryFolder(), 'm.onnx'), inputs);
const profile = (...args: string[]) => infer(['profile', model, ...args], { inputs });

describe('the table of layers', () => {
  it("has trtexec's columns, what the layers are, and how near the ceilings they come", async () => {
    const { stdout, status } = await profile('--iterations', '2');
    expect(status).toBe(0);
    const lines = stdout.split('\n').map((line) => line.trim().split(/\s{2,}/));
    const head = lines.find(([title]) => title === 'Time(ms)')!;
    expect(head).toEqual(
      'Time(ms) Avg.(ms) Median(ms) Time(%) Layer Operator Algorithm Shape GFLOP TFLOP/s GB/s'
        .split(' ')
        .concat('% of roofline'),
    );
    // 11 GFLOP in 2.75 ms are 4 TFLOP/s of the 10 that the adapter can do.
    expect(lines).toContainEqual([
      '5.50',
      '2.75',
      '2.75',
      '68.8',
      'fc',
      'Gemm',
      'gemm',
      '1x10',
      '11.0',
      '4.00',
      '0.00000364',
      '40.0',
    ]);
    expect(stdout).toMatch(/Total .* 15\.0 /);
    expect(stdout).toContain('=== Profile (2 iterations) ===');
    expect(stdout).toContain(
      'Sum of the layers: 4.00 ms; the whole run on the GPU without profiling: 3.90 ms (102.6%)',
    );
    expect(stdout).toContain('a pass of its own costs 6.60 us on this device, taken off each dispatch');
    expect(stdout).toContain(
      'Profiled runs: 2, all dispatches timed in each; on the GPU such a run takes 4.10 ms (105.1%)',
    );
  });

  it('says where each run timed a part of the dispatches', async () => {
    const { stdout } = await infer(['profile', model, '--iterations', '2'], { inputs, parts: 13 });
    expect(stdout).toContain('=== Profile (2 iterations) ===');
    expect(stdout).toContain('Profiled runs: 26, one of 13 parts of the dispatches timed in each;');
  });

  it.each([
    [['--sort', 'time'], 'fc conv1 pool'],
    [['--sort', 'order'], 'conv1 pool fc'],
    [['--sort', 'name'], 'conv1 fc pool'],
    [['--sort', 'flops'], 'fc conv1 pool'],
    [['--sort', 'roofline'], 'pool conv1 fc'],
    [['--top', '1'], 'fc'],
    [['--group', 'operator'], 'Gemm Conv MaxPool'],
    [['--group', 'algorithm'], 'gemm winograd pool'],
  ])('sorted, cut and grouped by %j', async (args, order) => {
    const { stdout } = await profile(...args);
    const start = stdout.indexOf('Time(ms)');
    const names = order.split(' ');
    const rows = stdout.slice(start, stdout.indexOf('Total')).split('\n').slice(1, -1);
    const found = rows.map((row) => names.find((name) => row.split(/\s{2,}/).includes(name)));
    expect(found).toEqual(names);
  });

  it('is one JSON document too', async () => {
    const report: ProfileReport = JSON.parse((await profile('--json', '--dim', 'N=3')).stdout);
    expect(report).toMatchObject({
      schema: 'tessera.profile',
      version: 1,
      dims: { N: 3 },
      gpuMs: 4,
      passCostMs: 0.0066,
      parts: 1,
      profiledMs: 4.1,
    });
    expect(report.wholeMs).toBe(3.9);
    expect(report.layers[0]).toMatchObject({ name: 'conv1', share: 0.25, flopsPerSecond: 4e12, roofline: 0.4 });
    expect(report.layers[1]).toMatchObject({ flopsPerSecond: null, bytesPerSecond: 40_000 });
  });
});

it('an interrupt ends profiling with what was measured', async () => {
  const interruption = new Interruption();
  const onRun = () => void interruption.interrupt();
  const { status, stdout, stderr } = await infer(['profile', model], { inputs, interruption, onRun });
  expect([status, stderr]).toEqual([130, 'infer: interrupted after 1 profiled runs\n']);
  expect(stdout).toContain('Sum of the layers');
});
