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
