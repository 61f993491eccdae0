import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildModel } from '../../../../tools/testing/index.js';
import { infer, temporaryFolder, value } from '../fake.js';

const folder = temporaryFolder();
const weights = (name: string, ...dims: number[]) => {
  const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
  return { name, dataType: 'float32' as const, dims, data };
};

const good = join(folder, 'good.onnx');
writeFileSync(
  good,
  buildModel({
    inputs: [value('x', 'float32', 'N', 3, 10, 12)],
    outputs: [value('y', 'float32')],
    initializers: [weights('w', 8, 3, 3, 3)],
    nodes: [
      { opType: 'Conv', name: 'stem', inputs: ['x', 'w'], outputs: ['c'] },
      { opType: 'Relu', inputs: ['c'], outputs: ['y'] },
    ],
  }),
);

const odd = join(folder, 'odd.onnx');
writeFileSync(
  odd,
  buildModel({
    inputs: [value('x', 'float32', 2, 2)],
    outputs: [value('z', 'float32', 2, 2)],
    nodes: [
      { opType: 'Mystery', name: 'odd_one', inputs: ['x'], outputs: ['y'] },
      { opType: 'Relu', inputs: ['y'], outputs: ['z'] },
    ],
  }),
);

/** Runs only where the size of `L` is at least 3. */
const windowed = join(folder, 'windowed.onnx');
writeFileSync(
  windowed,
  buildModel({
    inputs: [value('x', 'float32', 1, 1, 'L')],
    outputs: [value('y', 'float32')],
    initializers: [weights('w', 2, 1, 3)],
    nodes: [{ opType: 'Conv', name: 'window', inputs: ['x', 'w'], outputs: ['y'] }],
  }),
);
const hint = '(assuming L = 1; --dim NAME=SIZE sets another size)';

const staged = join(folder, 'staged.onnx');
writeFileSync(
  staged,
  buildModel({
    inputs: [value('x', 'float32', 2, 2)],
    outputs: [value('y', 'int64')],
    nodes: [{ opType: 'NonZero', name: 'where', inputs: ['x'], outputs: ['y'] }],
  }),
);

describe('infer inspect', () => {
  it('tells inputs, outputs, operators, parameters, arithmetic, memory and shapes', async () => {
    const { stdout, status, stderr } = await infer(['inspect', good, '--dim', 'N=2']);
    expect([status, stderr]).toEqual([0, '']);
    for (const part of [
      'Input  x: float32 Nx3x10x12',
      'Output y: float32',
      'Parameters: 216 in 864 B',
      `Arithmetic: ${2 * 8 * 8 * 10 * 27} MAC, 0.0000691 GFLOP with N = 2`,
      'Runs as: 2 layers, 2 dispatches',
      'Memory: ',
    ]) {
      expect(stdout).toContain(part);
    }
    expect(stdout).toMatch(/stem +Conv +float32 2x8x8x10 +34560 MAC/);
    expect(stdout).toMatch(/Relu +1/);
  });

  it('shows as many nodes as asked', async () => {
    const { stdout } = await infer(['inspect', good, '--nodes', '1']);
    expect(stdout).toContain('1 more nodes: --nodes 2 shows all');
    expect((await infer(['inspect', good, '--nodes', '0'])).stdout).not.toContain('stem');
  });

  it('works on a model with unknown operators', async () => {
    const { stdout, status } = await infer(['inspect', odd]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Cannot run: .*Mystery/);
    expect(stdout).toMatch(/Mystery \(unknown\) +1/);
    expect(stdout).toMatch(/Relu_1 +Relu +float32 2x2/);
  });

  it('tells which sizes it only assumed where a model cannot run with them', async () => {
    expect((await infer(['inspect', windowed])).stdout).toMatch(/Cannot run: node "window" \(Conv\).*/);
    expect((await infer(['inspect', windowed])).stdout).toContain(hint);
    expect((await infer(['inspect', windowed, '--dim', 'L=2'])).stdout).toMatch(/Cannot run: [^\n]*pads 0 and 0\n/);
    expect((await infer(['inspect', windowed, '--dim', 'L=4'])).stdout).toContain('Runs as: ');
  });

  it('does not call a model unable to run that the host takes part in', async () => {
    const { stdout } = await infer(['inspect', staged]);
    expect(stdout).toContain('Runs in stages: node "where" (NonZero) runs on the host: the operator has no kernel');
  });

  it('is one JSON document too', async () => {
    const document = JSON.parse((await infer(['inspect', odd, '--json'])).stdout);
    expect(document).toMatchObject({ schema: 'tessera.inspect', version: 1, model: { file: odd }, parameters: 0 });
    expect(document.nodes[0]).toMatchObject({ name: 'odd_one', problem: expect.stringContaining('Mystery') });
    expect(document.refusal).toContain('Mystery');
  });

  it('names a dimension that there is none of', async () => {
    const { status, stderr } = await infer(['inspect', good, '--dim', 'M=2']);
    expect([status, stderr]).toEqual([
      1,
      `infer: ${good}: the model has no dimension "M"; its symbolic dimensions are N\n`,
    ]);
  });
});

describe('infer doctor', () => {
  it('tells adapters, ceilings, and what is missing with how to get it', async () => {
    const { stdout, status } = await infer(['doctor']);
    expect(status).toBe(0);
    expect(stdout).toContain('* Test GPU (software, driver 1.2, system)');
    expect(stdout).toContain('Ceilings measured: fp32 10.0 TFLOP/s, memory 1000 GB/s, launch 1.00 us a dispatch');
    expect(stdout).toMatch(/a GPU: everything runs on the CPU.*To get it: install/);
    expect(stdout).toMatch(/shader-f16\): --precision fp16 is refused/);
    expect(stdout).not.toMatch(/timestamps \(timestamp-query\):/);
  });

  it('ends with status 1 where there is no adapter', async () => {
    const { stdout, stderr, status } = await infer(['doctor'], { inputs: [], adapters: [] });
    expect([status, stderr]).toEqual([1, 'infer: there is no WebGPU adapter\n']);
    expect(stdout).toContain('No adapter was found');
    expect(stdout).toMatch(/software adapter: nothing can run\. To get it: .*mesa-vulkan-drivers/);
  });

  it('tells whether a model runs, and its memory', async () => {
    const { stdout, status } = await infer(['doctor', good]);
    expect(status).toBe(0);
    expect(stdout).toContain('every node runs on the GPU');
    expect(stdout).toMatch(/Predicted peak memory: .*weights/);
  });

  it('names the nodes that would run on the CPU, which --strict forbids', async () => {
    const placements = [
      { name: 'a', opType: 'Conv', where: 'gpu' as const, reason: '' },
      { name: 'b', opType: 'NonZero', where: 'cpu' as const, reason: 'its shape depends on data' },
    ];
    const fake = { inputs: [], placements };
    const { stdout, status } = await infer(['doctor', odd], fake);
    expect(status).toBe(0);
    expect(stdout).toContain('1 node would not run on the GPU:');
    expect(stdout).toContain('b (NonZero): its shape depends on data');
    const strict = await infer(['doctor', odd, '--strict', '--json'], fake);
    expect([strict.status, strict.stderr]).toEqual([1, `infer: 1 node of ${odd} would not run on the GPU\n`]);
    expect(JSON.parse(strict.stdout).model.elsewhere).toEqual([
      { name: 'b', opType: 'NonZero', why: 'its shape depends on data' },
    ]);
  });
});

describe('infer completion', () => {
  it.each(['bash', 'zsh', 'fish'])('knows commands, options and their choices in %s', async (shell) => {
    const { stdout, status } = await infer(['completion', shell]);
    expect(status).toBe(0);
    for (const word of ['bench', 'profile', 'inspect', 'doctor', 'warmUp', 'fp16', 'onnxruntime-cpu', 'operator']) {
      expect(stdout).toContain(word);
    }
  });

  it('refuses other shells', async () => {
    const { status, stderr } = await infer(['completion', 'csh']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^infer: .*'csh' is invalid.*bash, zsh, fish/);
  });
});
