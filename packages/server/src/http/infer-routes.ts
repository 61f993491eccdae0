import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readRequest, writeResponse } from '../protocol/json.js';
import type { InferenceService } from '../service.js';
import { modelPaths, type ModelParams } from './model-routes.js';
import { errorBody, inferResponseBody } from './schemas.js';

/** Says how many bytes of a body are JSON; the rest is binary tensor data. */
const lengthHeader = 'inference-header-content-length';

interface InferRoute {
  readonly Params: ModelParams;
}

const schema = {
  summary: 'Inference',
  tags: ['inference'],
  description: `JSON, or JSON followed by binary tensor data, with the length of the JSON in ${lengthHeader}.`,
} as const;

/** The inference endpoint, with and without a version. */
export function addInferRoutes(app: FastifyInstance, service: InferenceService): void {
  const documented = { ...schema, response: { 200: inferResponseBody, '4xx': errorBody, '5xx': errorBody } };
  for (const path of modelPaths('/infer')) {
    app.post<InferRoute>(path, { schema: documented, serializerCompiler: () => String }, (request, reply) =>
      infer(service, request, reply),
    );
  }
}

async function infer(
  service: InferenceService,
  { params, body, headers }: FastifyRequest<InferRoute>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  reply.raw.once('close', leave);
  const jsonLength = headers[lengthHeader];
  const response = await service.infer(
    {
      protocol: 'http',
      model: params.model,
      version: params.version,
      signal: gone.signal,
      decode: () => {
        const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
        return readRequest(bytes, Array.isArray(jsonLength) ? jsonLength[0] : jsonLength, service.limits);
      },
    },
    ({ model, request, results }) => writeResponse(model, request, results),
  );
  reply.raw.off('close', leave);
  if (response.jsonLength === undefined) reply.header('content-type', 'application/json; charset=utf-8');
  else reply.header('content-type', 'application/octet-stream').header(lengthHeader, response.jsonLength);
  return reply.send(response.body);
}
