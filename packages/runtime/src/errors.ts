import { OnnxError } from '@tessera/onnx-loader';

export type ErrorCode =
  | 'INVALID_MODEL'
  | 'UNSUPPORTED_OPERATOR'
  | 'INVALID_INPUT'
  | 'UNSUPPORTED_DEVICE'
  | 'NO_ADAPTER'
  | 'DEVICE_LOST'
  | 'OUT_OF_MEMORY'
  | 'GPU_ERROR'
  | 'DISPOSED'
  | 'INTERNAL';

/**
 * Every failure a caller can meet. `message` is one sentence that names what is wrong and what would be right; `code`
 * is stable; `node` is the ONNX node concerned, where there is one.
 */
export class TesseraError extends Error {
  override readonly name = 'TesseraError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: { readonly node?: string; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
  }
  get node(): string | undefined {
    return this.details.node;
  }
}

/** Errors of the loader, and of sizes no machine can hold, as the one kind callers meet. Anything else is returned as it is. */
export function asTesseraError(error: unknown): unknown {
  if (error instanceof OnnxError) return new TesseraError('INVALID_MODEL', error.message, { cause: error });
  if (error instanceof RangeError) {
    return new TesseraError('INVALID_MODEL', `the model asks for more than can be held in memory: ${error.message}`, {
      cause: error,
    });
  }
  return error;
}
