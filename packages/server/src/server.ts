import { Server as NetServer } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import { acquireDevice, type AdapterChoice, type Device } from '@tessera/runtime';
import type { FastifyInstance } from 'fastify';
import { pino, type Logger } from 'pino';
import { withoutPaths } from './errors.js';
import { closeGrpc, createGrpcServer } from './grpc/server.js';
import { createHttpApp } from './http/app.js';
import type { RepositoryControl } from './http/model-routes.js';
import { listen, requireTls } from './listen.js';
import { createMetrics, type Metrics } from './metrics.js';
import { ModelRegistry } from './models/registry.js';
import { openRepository } from './models/repository.js';
import { withDefaults, type ServeOptions } from './options.js';
import { InferenceService } from './service.js';
import { tokenCheck } from './token.js';

/** A server that listens. */
export interface RunningServer {
  /** Such as 'http://127.0.0.1:8000'. */
  readonly url: string;
  /** Such as '127.0.0.1:8001'; undefined without gRPC. */
  readonly grpcAddress: string | undefined;
  readonly registry: ModelRegistry;
  readonly service: InferenceService;
  readonly devices: readonly Device[];
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Done when all models are loaded, or were found not to load: how many of either. */
  readonly loaded: Promise<{ readonly ready: number; readonly failed: number }>;
  /** Stops: is no longer ready, answers every request that was accepted, then ends. */
  close(): Promise<void>;
}

/** What processes of one server do together; alone, a process does it for itself. */
export interface Peers {
  /** Metrics of all processes, in Prometheus' text format. */
  metrics?(): Promise<string>;
  /** Listens only once the models are loaded: until then the other processes answer. */
  readonly listensLate?: boolean;
  /** Tells the other processes to load or unload a model too. */
  forward?(action: 'load' | 'unload', name: string): Promise<void>;
}

/** How long connections without a request are kept once no new ones are taken, at most. */
const idleMs = 1000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function openDevices(adapters: readonly AdapterChoice[] | undefined, memoryBudget: number | undefined) {
  const devices: Device[] = [];
  try {
    for (const adapter of adapters?.length ? adapters : [undefined])
      devices.push(await acquireDevice({ adapter, memoryBudget }));
    return devices;
  } catch (error) {
    for (const device of devices) device.dispose();
    throw error;
  }
}

/**
 * Starts a server: opens the devices, listens, and then loads the models.
 *
 * @example
 * const server = await startServer({ paths: ['models'], token: process.env.TOKEN });
 * process.once('SIGTERM', () => server.close().then(() => process.exit(0)));
 *
 * @throws TesseraError NO_ADAPTER; Error where a path, an address or a certificate is not what it should be.
 */
export async function startServer(given: ServeOptions, peers: Peers = {}): Promise<RunningServer> {
  const options = withDefaults(given);
  const { tls, timeoutMs, maxBody } = options;
  requireTls(tls);
  const repository = openRepository(options.paths, options.name);
  const logger = pino({ level: options.logLevel, redact: ['headers.authorization'] });
  const devices = await openDevices(options.adapters, options.memoryBudget);
  const metrics = createMetrics();
  const registry = new ModelRegistry(repository, {
    devices,
    pool: {
      precision: options.precision,
      maxQueue: options.maxQueue,
      batching: options.maxBatch > 1 ? { maxSize: options.maxBatch, maxDelayMs: options.maxDelayMs } : undefined,
    },
    onBatch: (model, report) => metrics.countBatch(model, report),
  });
  metrics.observe({ registry, devices });
  const limits = {
    tensors: options.maxTensors,
    elements: options.maxElements,
    requests: options.maxRequests,
    timeoutMs,
  };
  const service = new InferenceService(registry, metrics, limits);
  const shared = { service, isAllowed: tokenCheck(options.token), maxBody, tls };
  const control = options.control ? repositoryControl(registry, peers) : undefined;
  const app = await createHttpApp({
    ...shared,
    logger,
    control,
    timeoutMs,
    metrics: async () => ({
      contentType: metrics.register.contentType,
      text: (await peers.metrics?.()) ?? (await metrics.register.metrics()),
    }),
  });
  const grpc = createGrpcServer({
    ...shared,
    control,
    onInternalError: (error) => logger.error({ error }, 'request failed'),
  });
  const load = () => loadAll(registry, logger);
  const early = peers.listensLate ? load() : undefined;
  await early;
  const parts = { app, grpc, service, registry, devices, logger };
  const { url, grpcAddress } = await listen(app, grpc, options).catch(async (error: unknown) => {
    await shutDown(parts, { drainMs: 0, timeoutMs });
    throw error;
  });
  logger.info({ url, grpc: grpcAddress, adapters: devices.map(({ adapter }) => adapter.name) }, 'listening');
  warnIfOpen(options, logger);
  let closing: Promise<void> | undefined;
  return {
    url,
    grpcAddress,
    registry,
    service,
    devices,
    metrics,
    logger,
    loaded: early ?? load(),
    close: () => (closing ??= shutDown(parts, options)),
  };
}

/** What runs while the server does. */
interface Parts extends Pick<RunningServer, 'service' | 'registry' | 'devices' | 'logger'> {
  readonly app: FastifyInstance;
  readonly grpc: Server;
}

async function shutDown(
  parts: Parts,
  { drainMs, timeoutMs }: { readonly drainMs: number; readonly timeoutMs: number },
) {
  const { app, grpc, service, registry, devices, logger } = parts;
  service.draining = true;
  logger.info('stopping');
  await pause(drainMs);
  // New connections end first, and clients are told to let go of those they have: one that is cut while a request is
  // on its way would leave it without an answer.
  await new Promise<void>((resolve) => {
    NetServer.prototype.close.call(app.server, () => resolve());
    service.closing = true;
    void pause(Math.min(drainMs, idleMs)).then(resolve);
  });
  await Promise.all([app.close(), closeGrpc(grpc, timeoutMs)]);
  await registry.close();
  for (const device of devices) device.dispose();
}

async function loadAll(registry: ModelRegistry, logger: Logger) {
  const failures = await registry.loadAll();
  for (const { file, error } of failures) {
    logger.error(
      { model: file.name, version: file.version, reason: withoutPaths((error as Error).message) },
      'cannot load',
    );
  }
  const loaded = registry.loaded();
  if (loaded.length + failures.length === 0) logger.warn('there are no models');
  for (const { name, version, pool } of loaded)
    logger.info({ model: name, version, batching: pool.batching }, 'loaded');
  return { ready: loaded.length, failed: failures.length };
}

function repositoryControl(registry: ModelRegistry, { forward }: Peers): RepositoryControl {
  const both = (action: 'load' | 'unload') => async (name: string) => {
    await registry[action](name);
    await forward?.(action, name);
  };
  return { load: both('load'), unload: both('unload') };
}

function warnIfOpen({ host, token, tls }: ServeOptions, logger: Logger): void {
  if (['127.0.0.1', '::1', 'localhost'].includes(host!)) return;
  if (token === undefined) logger.warn('other machines can reach this server, and no token is asked for');
  if (!tls) logger.warn('other machines can reach this server, and what they send is not encrypted');
}
