import { fileURLToPath } from 'node:url';
import {
  type handleUnaryCall,
  loadPackageDefinition,
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  ServerListenerBuilder,
  type sendUnaryData,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { modelMetadata, serverMetadata } from '../describe.js';
import { asRequestError, needsToken, RequestError } from '../errors.js';
import type { RepositoryControl } from '../http/model-routes.js';
import { readGrpcRequest, writeGrpcResponse, type ModelInferRequest } from '../protocol/grpc-messages.js';
import type { InferenceService } from '../service.js';
import type { TokenCheck } from '../token.js';

export interface GrpcOptions {
  readonly service: InferenceService;
  readonly isAllowed: TokenCheck;
  readonly control: RepositoryControl | undefined;
  readonly maxBody: number;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** Told of failures that are nobody's fault but ours. */
  onInternalError(error: unknown): void;
}

const protoFile = fileURLToPath(new URL('../../proto/open_inference.proto', import.meta.url));

function serviceDefinition(): ServiceDefinition {
  const definition = loadSync(protoFile, {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: false,
    oneofs: true,
  });
  const root = loadPackageDefinition(definition) as unknown as {
    readonly inference: { readonly GRPCInferenceService: { readonly service: ServiceDefinition } };
  };
  return root.inference.GRPCInferenceService.service;
}

type Handler = (request: never, signal: AbortSignal) => unknown;

interface Named {
  readonly name?: string;
  readonly version?: string;
}

/** The methods of GRPCInferenceService. */
function handlers({ service, control }: GrpcOptions): Readonly<Record<string, Handler>> {
  const { registry } = service;
  const requireControl = () => {
    if (!control) throw new RequestError('invalid', 'this server does not load and unload models by requests');
    return control;
  };
  return {
    ServerLive: () => ({ live: true }),
    ServerReady: () => ({ ready: service.isReady }),
    ModelReady: ({ name = '', version }: Named) => ({ ready: isModelReady(service, name, version) }),
    ServerMetadata: () => serverMetadata,
    ModelMetadata: ({ name = '', version }: Named) => modelMetadata(registry.get(name, version || undefined), registry),
    ModelInfer: (message: ModelInferRequest, signal) =>
      service.infer(
        {
          protocol: 'grpc',
          model: message.model_name ?? '',
          version: message.model_version || undefined,
          signal,
          decode: () => readGrpcRequest(message, service.limits),
        },
        ({ model, request, results }) => writeGrpcResponse(model, request, results),
      ),
    RepositoryIndex: ({ ready }: { readonly ready?: boolean }) => ({
      models: registry.index().filter(({ state }) => !ready || state === 'READY'),
    }),
    RepositoryModelLoad: async ({ model_name: name = '' }: { readonly model_name?: string }) => {
      await requireControl().load(name);
      return {};
    },
    RepositoryModelUnload: async ({ model_name: name = '' }: { readonly model_name?: string }) => {
      await requireControl().unload(name);
      return {};
    },
  };
}

function isModelReady({ registry }: InferenceService, name: string, version: string | undefined): boolean {
  try {
    return registry.get(name, version || undefined).pool.health === 'ready';
  } catch (error) {
    if (error instanceof RequestError && error.kind === 'unavailable') return false;
    throw error;
  }
}

/** The gRPC side of the server, not yet listening. */
export function createGrpcServer(options: GrpcOptions): Server {
  const server = new Server({
    'grpc.max_receive_message_length': options.maxBody,
    'grpc.max_send_message_length': -1,
    interceptors: [requireToken(options.isAllowed)],
  });
  const implementation: UntypedServiceImplementation = {};
  for (const [name, handler] of Object.entries(handlers(options))) implementation[name] = unary(handler, options);
  server.addService(serviceDefinition(), implementation);
  return server;
}

/** Answers calls without the token before their message is read, so that not even its limits are told. */
function requireToken(isAllowed: TokenCheck): ServerInterceptor {
  return (_method, call) => {
    const listener = new ServerListenerBuilder().withOnReceiveMetadata((metadata, next) => {
      const [authorization] = metadata.get('authorization');
      if (isAllowed(authorization?.toString())) next(metadata);
      else call.sendStatus({ code: needsToken.status.grpc, details: needsToken.message });
    });
    return new ServerInterceptingCall(call, { start: (next) => next(listener.build()) });
  };
}

function unary(handler: Handler, { onInternalError }: GrpcOptions): handleUnaryCall<object, object> {
  return async (call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>): Promise<void> => {
    const gone = new AbortController();
    call.once('cancelled', () => gone.abort());
    try {
      callback(null, (await handler(call.request as never, gone.signal)) as object);
    } catch (error) {
      const failure = asRequestError(error);
      if (failure.kind === 'internal') onInternalError(error);
      callback({ code: failure.status.grpc, details: failure.message, metadata: new Metadata() });
    }
  };
}

/** Binds to an address; the port that was bound. */
export function listenGrpc(server: Server, address: string, tls: GrpcOptions['tls']): Promise<number> {
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }])
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}

/** Takes no new calls, and ends when those under way are answered, or after `timeoutMs`. */
export function closeGrpc(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, timeoutMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
