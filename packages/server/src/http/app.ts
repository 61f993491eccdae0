import swagger, { type SwaggerTransformObject } from '@fastify/swagger';
import Fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { serverMetadata } from '../describe.js';
import { asRequestError, needsToken, RequestError } from '../errors.js';
import type { InferenceService } from '../service.js';
import type { TokenCheck } from '../token.js';
import { addInferRoutes } from './infer-routes.js';
import { addModelRoutes, type RepositoryControl } from './model-routes.js';
import { errorBody, inferRequestBody, liveBody, readyBody } from './schemas.js';

export interface HttpOptions {
  readonly service: InferenceService;
  readonly logger: Logger;
  readonly isAllowed: TokenCheck;
  /** Undefined where models cannot be loaded and unloaded by requests. */
  readonly control: RepositoryControl | undefined;
  /** Most bytes of a body. */
  readonly maxBody: number;
  readonly timeoutMs: number;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** Text of the metrics of all processes. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Names of models and versions in paths are at most this long; longer ones are not found. */
const maxParamLength = 160;

/** The HTTP side of the server, not yet listening. */
export async function createHttpApp(options: HttpOptions): Promise<FastifyInstance> {
  const { service, logger, isAllowed, maxBody, timeoutMs, tls } = options;
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBody,
    // A client that is slow to send its request is cut off, whatever it holds back.
    requestTimeout: timeoutMs,
    connectionTimeout: 0,
    routerOptions: { maxParamLength, ignoreTrailingSlash: true },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    https: tls ?? null,
    frameworkErrors: (error: unknown, { headers }: FastifyRequest, reply: FastifyReply) =>
      void sendFailure(reply, isAllowed(headers.authorization) ? error : needsToken),
  } as object);
  app.addHook('onRequest', async ({ headers }) => {
    if (!isAllowed(headers.authorization)) throw needsToken;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (service.closing) reply.header('connection', 'close');
  });
  app.setErrorHandler((error, request, reply) => {
    const failure = httpError(error);
    if (failure.kind === 'internal') request.log.error({ error, url: request.url }, 'request failed');
    return sendFailure(reply, failure);
  });
  app.setNotFoundHandler((_request, reply) =>
    sendFailure(
      reply,
      new RequestError('notFound', 'there is no such path or method; /openapi.json lists what there is'),
    ),
  );
  readBodiesRaw(app);
  await app.register(swagger, { openapi: openApiHead, transformObject: describeBodies });
  app.register(async (routes) => {
    addHealthRoutes(routes, options);
    addModelRoutes(routes, service, options.control);
    addInferRoutes(routes, service);
  });
  await app.ready();
  return app;
}

const openApiHead = {
  openapi: '3.0.3',
  info: {
    title: 'Tessera',
    description: 'The Open Inference Protocol, version 2, with binary tensor data and the model repository extension.',
    version: serverMetadata.version,
    license: { name: 'MIT' },
  },
} as const;

/** Adds the body of inference requests to the document; routes read bodies themselves and state no schema that would be applied. */
const describeBodies: SwaggerTransformObject = (document) => {
  if (!('openapiObject' in document)) return document.swaggerObject;
  const { openapiObject } = document;
  for (const [path, item] of Object.entries(openapiObject.paths ?? {})) {
    const { post } = item as { post?: { requestBody?: object } };
    if (post && path.endsWith('/infer'))
      post.requestBody = { required: true, content: { 'application/json': { schema: inferRequestBody } } };
  }
  return openapiObject;
};

/** Bodies are read whole, up to the limit, and decoded by the routes, whatever their content type says. */
function readBodiesRaw(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined || encoding === 'identity') done(null, body);
    else done(new RequestError('unsupportedMedia', 'compressed bodies are not taken'));
  });
}

function addHealthRoutes(app: FastifyInstance, { service, metrics }: HttpOptions): void {
  const health = (summary: string, body: object) => ({
    schema: { summary, tags: ['health'], response: { 200: body, '4xx': errorBody, '5xx': errorBody } },
  });
  app.get('/v2/health/live', health('Server live', liveBody), async () => ({ live: true }));
  app.get(
    '/v2/health/ready',
    health('Server ready', readyBody),
    async (_request: FastifyRequest, reply: FastifyReply) =>
      service.isReady
        ? { ready: true }
        : sendFailure(reply, new RequestError('unavailable', 'the server is not ready')),
  );
  app.get('/metrics', { schema: { summary: 'Prometheus metrics', tags: ['health'] } }, async (_request, reply) => {
    const { contentType, text } = await metrics();
    return reply.header('content-type', contentType).send(text);
  });
  app.get('/openapi.json', { schema: { summary: 'This document', tags: ['health'] } }, async () => app.swagger());
}

/** Fastify's own errors, such as of bodies that are too large, as a client may see them. */
function httpError(error: unknown): RequestError {
  const status = (error as { readonly statusCode?: unknown }).statusCode;
  if (status === 413) return new RequestError('tooLarge', 'the body is too large');
  if (status === 415) return new RequestError('unsupportedMedia', 'the body needs a content type');
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new RequestError(status === 404 ? 'notFound' : 'invalid', 'the request is malformed');
  return asRequestError(error);
}

function sendFailure(reply: FastifyReply, error: unknown): FastifyReply {
  const failure = httpError(error);
  if (failure.retryable) reply.header('retry-after', '1');
  if (failure.kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
  return reply
    .code(failure.status.http)
    .header('content-type', 'application/json; charset=utf-8')
    .serializer((body: string) => body)
    .send(JSON.stringify({ error: failure.message }));
}
