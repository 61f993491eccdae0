import type { Device, Precision, Session, Tensor, TuningFile } from '@tessera/runtime';
import type { Values } from '../../verify/zoo/compare.js';
import type { ContenderName, CreationParts, GpuFigures } from './messages.js';

export type Dims = Readonly<Record<string, number>>;
export type Feeds = Readonly<Record<string, Tensor>>;

/** A model made ready in one of the runtimes. */
export interface Contender {
  readonly adapter?: string;
  readonly driver?: string;
  run(feeds: Feeds): Promise<Readonly<Record<string, Values>>>;
  /** The same feeds in memory that the GPU copies from, for one run. */
  stage?(feeds: Feeds): Feeds;
  gpu?(feeds: Feeds, runs: number): Promise<GpuFigures>;
  /** Tunes for these sizes of the open dimensions and gives all times known then. */
  tune?(dims: Dims, budgetMs: number): Promise<TuningFile>;
}

/** Opens a model and gives the contender with the milliseconds that took; the runtime's own modules are loaded before. */
export type Open = (
  model: string,
  dims: Dims,
  tuning?: TuningFile | string,
) => Promise<{ readonly contender: Contender; readonly createMs: number; readonly parts?: CreationParts }>;

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const from = performance.now();
  const result = await work();
  return [result, performance.now() - from];
}

function tessera(precision: Precision): Open {
  return async (model, dims, tuning) => {
    const { acquireDevice, createSession } = await import('@tessera/runtime');
    const [device, deviceMs] = await timed(() => acquireDevice());
    const [session, sessionMs] = await timed(() => createSession(model, { device, precision, dims, tuning }));
    const { loadMs, lowerMs, uploadMs, compileMs } = session.report;
    const parts = { deviceMs, loadMs, lowerMs, uploadMs, compileMs };
    return { contender: tesseraContender(device, session), createMs: deviceMs + sessionMs, parts };
  };
}

function tesseraContender(device: Device, session: Session): Contender {
  return {
    adapter: device.adapter.name,
    driver: device.adapter.driver,
    run: async (feeds) => (await session.run(feeds)) as Record<string, Values>,
    stage: (feeds) =>
      Object.fromEntries(
        Object.entries(feeds).map(([name, { dims, data }]) => {
          const staged = session.stageInput(name, dims);
          (staged.data as Float32Array).set(data as Float32Array);
          return [name, staged];
        }),
      ),
    tune: (dims, budgetMs) => session.tune({ dims, budgetMs }),
    async gpu(feeds, runs) {
      const timeable = device.adapter.features.includes('timestamp-query');
      const profile = timeable ? await session.profile(feeds, { runs }) : undefined;
      return {
        wholeMs: profile?.wholeMs,
        layersMs: profile?.gpuMs,
        passCostMs: profile?.passCostMs,
        flops: profile?.layers.reduce((sum, layer) => sum + layer.flops, 0),
        dispatches: session.report.dispatches,
        pipelines: session.report.pipelines,
        peakBytes: device.memory.peakBytes,
      };
    },
  };
}

function onnxruntime(provider: 'webgpu' | 'cpu'): Open {
  return async (model) => {
    const ort = await import('onnxruntime-node');
    const [session, createMs] = await timed(() =>
      ort.InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 3 }),
    );
    const tensors = new WeakMap<Feeds, Record<string, InstanceType<typeof ort.Tensor>>>();
    const tensorsOf = (feeds: Feeds) => {
      let made = tensors.get(feeds);
      if (!made) {
        const entries = Object.entries(feeds);
        made = Object.fromEntries(
          entries.map(([name, { dataType, data, dims }]) => [
            name,
            new ort.Tensor(dataType as 'float32', data as Float32Array, dims),
          ]),
        );
        tensors.set(feeds, made);
      }
      return made;
    };
    return { contender: { run: async (feeds) => (await session.run(tensorsOf(feeds))) as never }, createMs };
  };
}

/** Each imports its runtime when it is called, so that a process holds one alone. */
export const contenders: Readonly<Record<ContenderName, Open>> = {
  fp32: tessera('fp32'),
  fp16: tessera('fp16'),
  strict: tessera('strict'),
  'ort-webgpu': onnxruntime('webgpu'),
  'ort-cpu': onnxruntime('cpu'),
};
