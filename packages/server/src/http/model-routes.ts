import type { FastifyInstance } from 'fastify';
import { modelMetadata, serverMetadata } from '../describe.js';
import { RequestError } from '../errors.js';
import type { InferenceService } from '../service.js';
import { errorBody, indexBody, modelBody, modelReadyBody, serverBody } from './schemas.js';

/** Loads and unloads a model, in every process of the server. */
export interface RepositoryControl {
  load(name: string): Promise<void>;
  unload(name: string): Promise<void>;
}

/** A model, and perhaps a version, in a path. */
export interface ModelParams {
  readonly model: string;
  readonly version?: string;
}

interface ModelRoute {
  readonly Params: ModelParams;
}

/** Both forms of a path below a model: with a version, and without. */
export function modelPaths(rest: string): readonly string[] {
  return [`/v2/models/:model${rest}`, `/v2/models/:model/versions/:version${rest}`];
}

/** Metadata, readiness and the model repository. */
export function addModelRoutes(
  app: FastifyInstance,
  service: InferenceService,
  control: RepositoryControl | undefined,
) {
  const { registry } = service;
  const response = (body: object) => ({ 200: body, '4xx': errorBody, '5xx': errorBody });
  const about = (summary: string, body: object) => ({
    schema: { summary, tags: ['models'], response: response(body) },
  });
  app.get('/v2', about('Server metadata', serverBody), async () => serverMetadata);
  for (const path of modelPaths('')) {
    app.get<ModelRoute>(path, about('Model metadata', modelBody), async ({ params }) =>
      modelMetadata(registry.get(params.model, params.version), registry),
    );
  }
  for (const path of modelPaths('/ready')) {
    app.get<ModelRoute>(path, about('Model ready', modelReadyBody), async ({ params }) => {
      const { name, pool } = registry.get(params.model, params.version);
      if (pool.health !== 'ready') throw new RequestError('unavailable', 'the model is not ready');
      return { name, ready: true };
    });
  }
  addRepositoryRoutes(app, service, control);
}

function addRepositoryRoutes(
  app: FastifyInstance,
  { registry }: InferenceService,
  control: RepositoryControl | undefined,
) {
  const about = (summary: string, body: object) => ({
    schema: { summary, tags: ['repository'], response: { 200: body, '4xx': errorBody } },
  });
  app.post('/v2/repository/index', about('Models in the repository', indexBody), async ({ body }) => {
    const models = registry.index();
    return isReadyOnly(body) ? models.filter(({ state }) => state === 'READY') : models;
  });
  for (const action of ['load', 'unload'] as const) {
    const options = about(`${action === 'load' ? 'Load' : 'Unload'} a model`, { type: 'object' });
    app.post<ModelRoute>(`/v2/repository/models/:model/${action}`, options, async ({ params }) => {
      if (!control) throw new RequestError('invalid', 'this server does not load and unload models by requests');
      await control[action](params.model);
      return {};
    });
  }
}

function isReadyOnly(body: unknown): boolean {
  if (!Buffer.isBuffer(body) || body.byteLength === 0) return false;
  try {
    return (JSON.parse(body.toString('utf8')) as { readonly ready?: unknown } | null)?.ready === true;
  } catch {
    throw new RequestError('invalid', 'the body is not JSON');
  }
}
