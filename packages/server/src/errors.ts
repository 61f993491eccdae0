import { TesseraError, type ErrorCode } from '@tessera/runtime';

/** Status codes of the two protocols for one kind of failure; the gRPC numbers are those of google.rpc.Code. */
interface Status {
  readonly http: number;
  readonly grpc: number;
}

const statuses = {
  invalid: { http: 400, grpc: 3 },
  unauthenticated: { http: 401, grpc: 16 },
  notFound: { http: 404, grpc: 5 },
  tooLarge: { http: 413, grpc: 8 },
  unsupportedMedia: { http: 415, grpc: 3 },
  overloaded: { http: 429, grpc: 8 },
  internal: { http: 500, grpc: 13 },
  unavailable: { http: 503, grpc: 14 },
  timeout: { http: 504, grpc: 4 },
} as const satisfies Readonly<Record<string, Status>>;

export type FailureKind = keyof typeof statuses;

/** A failure that a client is told of; `message` is one sentence without anything of the machine. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: Status;

  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
    this.status = statuses[kind];
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return this.kind === 'overloaded' || this.kind === 'unavailable';
  }
}

/** All that a request without the token is told. */
export const needsToken = new RequestError('unauthenticated', 'a bearer token is needed');

/** What the runtime's failures are to a client whose request met them. */
const kinds: Readonly<Record<ErrorCode, FailureKind>> = {
  INVALID_INPUT: 'invalid',
  INVALID_MODEL: 'invalid',
  UNSUPPORTED_OPERATOR: 'invalid',
  UNSUPPORTED_DEVICE: 'tooLarge',
  OUT_OF_MEMORY: 'tooLarge',
  OVERLOADED: 'overloaded',
  DEVICE_LOST: 'unavailable',
  DEVICE_UNHEALTHY: 'unavailable',
  NO_ADAPTER: 'unavailable',
  DISPOSED: 'unavailable',
  GPU_ERROR: 'internal',
  NOT_FINITE: 'invalid',
  INTERNAL: 'internal',
};

/** Any failure as a client may see it: paths are cut to their last part, and what is nobody's business is left out. */
export function asRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof TesseraError) {
    const kind = kinds[error.code];
    return new RequestError(kind, kind === 'internal' ? 'the model could not be run' : withoutPaths(error.message));
  }
  return new RequestError('internal', 'internal error');
}

/** A text with every absolute path cut to its last part. */
export function withoutPaths(text: string): string {
  return text.replace(/(?<![\w.])(?:[A-Za-z]:)?[/\\](?:[^\s"'/\\:;,]+[/\\])+([^\s"'/\\:;,]*)/g, '$1');
}
