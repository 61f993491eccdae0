import type { AdapterChoice, Precision } from '@tessera/runtime';

/** How to serve. */
export interface ServeOptions {
  /** One folder of models, or model files. */
  readonly paths: readonly string[];
  /** The name of the model, where there is one file, or a folder that is one model. */
  readonly name?: string;
  /** Address to listen on; 127.0.0.1 without it, which no other machine reaches. */
  readonly host?: string;
  /** TCP port of HTTP; 8000 without it, 0 for any that is free. */
  readonly port?: number;
  /** TCP port of gRPC; 8001 without it, 0 for any that is free; false for no gRPC. */
  readonly grpcPort?: number | false;
  /** Adapters to open a device on each; the same may be named again. */
  readonly adapters?: readonly AdapterChoice[];
  readonly precision?: Precision;
  /** Rows of the largest batch; 1 joins no requests. 16 without it. */
  readonly maxBatch?: number;
  /** Milliseconds that a request may wait for others. 2 without it. */
  readonly maxDelayMs?: number;
  /** Requests to a model that may wait. 1,024 without it. */
  readonly maxQueue?: number;
  /** Inference requests under way at a time, of all models. 2,048 without it. */
  readonly maxRequests?: number;
  /** Bytes of a request's body. 64 MiB without it. */
  readonly maxBody?: number;
  /** Inputs, or outputs, of a request. 64 without it. */
  readonly maxTensors?: number;
  /** Elements of one input. 16,777,216 without it. */
  readonly maxElements?: number;
  /** Milliseconds that a request may take, and that it may take to arrive. 30,000 without it. */
  readonly timeoutMs?: number;
  /** Bytes of GPU memory on each device; what it has without it. */
  readonly memoryBudget?: number;
  /** Whether requests may load and unload models; they may without it. */
  readonly control?: boolean;
  /** Bearer token without which no request is answered. */
  readonly token?: string;
  /** PEM texts. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Milliseconds between the end of readiness and the last new connection; 500 without it. */
  readonly drainMs?: number;
  /** Least level of log lines: 'fatal', 'error', 'warn', 'info', 'debug', 'trace' or 'silent'. 'info' without it. */
  readonly logLevel?: string;
}

const mebibyte = 2 ** 20;

/** The options with what stands for those left out. */
export function withDefaults(options: ServeOptions) {
  return {
    host: '127.0.0.1',
    port: 8000,
    grpcPort: 8001 as number | false,
    maxBatch: 16,
    maxDelayMs: 2,
    maxQueue: 1024,
    maxRequests: 2048,
    maxBody: 64 * mebibyte,
    maxTensors: 64,
    maxElements: 16 * mebibyte,
    timeoutMs: 30_000,
    control: true,
    drainMs: 500,
    logLevel: 'info',
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  } as ServeOptions & Required<Pick<ServeOptions, DefaultedName>>;
}

type DefaultedName =
  | 'host'
  | 'port'
  | 'grpcPort'
  | 'maxBatch'
  | 'maxDelayMs'
  | 'maxQueue'
  | 'maxRequests'
  | 'maxBody'
  | 'maxTensors'
  | 'maxElements'
  | 'timeoutMs'
  | 'control'
  | 'drainMs'
  | 'logLevel';
