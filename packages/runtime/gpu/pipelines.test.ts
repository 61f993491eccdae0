import type { Kernel } from '@tessera/conv-kernels';
import { afterAll, describe, expect, it } from 'vitest';
import { acquireDevice } from '../src/device/acquire.js';
import { PipelineCache } from '../src/device/pipelines.js';

const device = await acquireDevice();
afterAll(() => device.dispose());

/** Adds a number; the larger `length`, the longer the text. */
function adding(value: number, length = 1): Kernel {
  return {
    label: `add ${value}`,
    code: `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(1) fn main() {
${'x[0] += 0.0;\n'.repeat(length)}x[0] += ${value}.0;
}`,
    bindings: [{ name: 'x', type: 'array<f32>', access: 'read_write' }],
    hasParams: false,
    workgroupSize: [1, 1, 1],
  };
}

/** A cache of one thread, and what its device is asked to compile. */
function watched() {
  const asked = { apart: [] as string[], here: [] as string[], underWay: 0, most: 0 };
  const { gpu } = device;
  const watching = new Proxy(gpu, {
    get(target, name) {
      if (name === 'createComputePipeline')
        return (descriptor: GPUComputePipelineDescriptor) => {
          asked.here.push(descriptor.label!);
          return gpu.createComputePipeline(descriptor);
        };
      if (name === 'createComputePipelineAsync')
        return async (descriptor: GPUComputePipelineDescriptor) => {
          asked.apart.push(descriptor.label!);
          asked.most = Math.max(asked.most, ++asked.underWay);
          return gpu.createComputePipelineAsync(descriptor).finally(() => asked.underWay--);
        };
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { asked, pipelines: new PipelineCache(watching, 1) };
}

describe('pipelines', () => {
  it('are compiled once each, two at a time for each thread', async () => {
    const { asked, pipelines } = watched();
    const kernels = Array.from({ length: 8 }, (_, i) => adding(i));
    const progress: number[] = [];
    const compiled = await pipelines.compileAll([...kernels], (done) => progress.push(done));
    expect([...compiled.keys()].sort()).toEqual(kernels.map(({ code }) => code).sort());
    expect(asked.most).toBe(2);
    expect(progress).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await pipelines.get(adding(3))).toBe(compiled.get(adding(3).code));
    expect(asked.apart).toHaveLength(8);
  });

  it('that wait are taken by the longest, and by the calling thread from the shortest on', async () => {
    const { asked, pipelines } = watched();
    const kernels = [1, 2, 3, 4, 5, 6, 7, 8].map((length) => adding(length, length));
    const compiling = pipelines.compileAll(kernels, () => {});
    await pipelines.help();
    expect((await compiling).size).toBe(8);
    expect(asked.apart.slice(0, 2)).toEqual(['add 1', 'add 2']);
    expect(asked.here[0]).toBe('add 3');
    expect(asked.apart[2] ?? 'add 8').toBe('add 8');
    expect([...asked.apart, ...asked.here].sort()).toEqual(kernels.map(({ label }) => label).sort());
  });

  it('that are urgent come before others that wait', async () => {
    const { asked, pipelines } = watched();
    for (const length of [1, 2, 3, 4, 5]) pipelines.foresee(adding(length, length));
    pipelines.foresee(adding(9), true);
    await pipelines.get(adding(9));
    expect(asked.apart.slice(0, 3)).toEqual(['add 1', 'add 2', 'add 9']);
  });

  it('say what is wrong with a kernel, whoever compiles it', async () => {
    const { asked, pipelines } = watched();
    const wrong = (name: string): Kernel => ({ ...adding(1), label: name, code: adding(1).code.replace('x[0]', name) });
    const names = ['a', 'b', 'c'];
    let outcomes: PromiseSettledResult<GPUComputePipeline>[] = [];
    const guarded = device.guard('compiling', async () => {
      const compiling = Promise.allSettled(names.map((name) => pipelines.get(wrong(name))));
      await pipelines.help();
      outcomes = await compiling;
    });
    await expect(guarded).rejects.toThrow(/^compiling: the GPU refused the work/);
    expect(asked.here).toEqual(['c']);
    outcomes.forEach((outcome, i) => {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'GPU_ERROR' } });
      const line = `the kernel ${names[i]} did not compile: line 3: unresolved value '${names[i]}' in "${names[i]} += 0.0;"`;
      expect(String((outcome as PromiseRejectedResult).reason)).toContain(line);
    });
    device.check();
  });
});
