import { proxy, wrap, type Remote } from 'comlink';
import type { Engine } from './engine.js';
import type { LoadedModel, LoadOptions, LoadProgress, ModelSource } from './messages.js';

export type EngineClient = Remote<Engine>;

/** Starts the worker that holds the runtime. */
export function startEngine(): EngineClient {
  return wrap<Engine>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'tessera' }));
}

/** As `Engine.load`, with a callback of this page. */
export function loadModel(
  engine: EngineClient,
  place: string,
  source: ModelSource,
  options: LoadOptions,
  onProgress: (progress: LoadProgress) => void,
): Promise<LoadedModel> {
  return engine.load(place, source, options, proxy(onProgress));
}
