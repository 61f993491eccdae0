import type { SeededInput } from '../../verify/support/shared-data.js';

/** A model made ready in one of the runtimes. */
export interface Loaded {
  /** The adapter's name, where the runtime tells it. */
  readonly adapter?: string;
  run(): Promise<unknown>;
}

type Load = (model: string, inputs: Readonly<Record<string, SeededInput>>) => Promise<Loaded>;

const tessera: Load = async (model, inputs) => {
  const { acquireDevice, createSession } = await import('@tessera/runtime');
  const device = await acquireDevice();
  const session = await createSession(model, { device });
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { type, dims, data }]) => [name, { dataType: type, dims, data }]),
  );
  return { adapter: device.adapter.name, run: () => session.run(feeds) };
};

const onnxruntime: Load = async (model, inputs) => {
  const ort = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(model, { executionProviders: ['webgpu'], logSeverityLevel: 3 });
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { type, dims, data }]) => [name, new ort.Tensor(type, data, dims)]),
  );
  return { run: () => session.run(feeds) };
};

/** Each imports its runtime when it is called, so that a process holds one alone. */
export const runtimes = { tessera, onnxruntime } as const;
export type RuntimeName = keyof typeof runtimes;
