import cluster from 'node:cluster';
import type { ServeOptions } from './options.js';
import { startServer, type RunningServer } from './server.js';
import { announceServing, superviseWorkers, workerPeers, workerPlace } from './workers.js';

/** How many processes serve, and which adapters each opens. */
export interface ProcessOptions extends ServeOptions {
  /** 1 without it. Beyond that, process i of n opens the adapters i, i + n, ... of those named. */
  readonly workers?: number;
}

/** The adapters of one of several processes; each has at least one. */
function adaptersOf(adapters: ServeOptions['adapters'], worker: number, workers: number) {
  if (!adapters || adapters.length === 0) return adapters;
  const own = adapters.filter((_, i) => i % workers === worker % workers);
  return own.length > 0 ? own : [adapters[worker % adapters.length]];
}

/**
 * Serves until the process is told to end (SIGTERM or SIGINT), then answers what was accepted. Resolves with the exit
 * status: 0, or 1 where no model could be loaded, or a process died while stopping.
 */
export async function serve(options: ProcessOptions): Promise<number> {
  const { workers = 1 } = options;
  if (workers <= 1) return serveAlone(options);
  return cluster.isPrimary ? supervise(workers) : serveAsWorker(options, workers);
}

function onStop(stop: () => void): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
}

async function serveAlone(options: ServeOptions): Promise<number> {
  return untilStopped(await startServer(options));
}

async function untilStopped(server: RunningServer): Promise<number> {
  const stopped = new Promise<void>((resolve) => onStop(() => void server.close().then(resolve)));
  const { ready, failed } = await server.loaded;
  if (ready === 0 && failed > 0) {
    server.logger.fatal('no model could be loaded');
    await server.close();
    return 1;
  }
  await stopped;
  return 0;
}

async function serveAsWorker(options: ServeOptions, workers: number): Promise<number> {
  const adapters = adaptersOf(options.adapters, workerPlace(), workers);
  const peers = workerPeers({
    apply: async (action, name) => (await starting).registry[action](name),
    metrics: async () => (await starting).metrics.register.getMetricsAsJSON(),
  });
  const starting = startServer({ ...options, adapters }, peers);
  const server = await starting;
  void server.loaded.then(({ ready, failed }) => (ready > 0 || failed === 0) && announceServing());
  const status = await untilStopped(server);
  cluster.worker!.disconnect();
  return status;
}

async function supervise(workers: number): Promise<number> {
  const { stop, ended } = superviseWorkers(workers, (code, signal) => {
    process.stderr.write(`a worker process ended (${signal ?? `status ${code}`}) and is started anew\n`);
  });
  onStop(stop);
  return (await ended) ? 0 : 1;
}
