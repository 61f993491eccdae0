import { OnnxError } from '@tessera/onnx-loader';

/** What went wrong, as a stable name to branch on; {@link TesseraError.remedy} says what to do about each. */
export type ErrorCode =
  | 'INVALID_MODEL'
  | 'UNSUPPORTED_OPERATOR'
  | 'INVALID_INPUT'
  | 'UNSUPPORTED_DEVICE'
  | 'NO_ADAPTER'
  | 'DEVICE_LOST'
  | 'DEVICE_UNHEALTHY'
  | 'OUT_OF_MEMORY'
  | 'OVERLOADED'
  | 'NOT_FINITE'
  | 'GPU_ERROR'
  | 'DISPOSED'
  | 'INTERNAL';

const remedies: Readonly<Record<ErrorCode, string>> = {
  INVALID_MODEL: 'export the model again, or check it with onnx.checker',
  UNSUPPORTED_OPERATOR: 'export the model without the operators named, or with a newer operator set',
  INVALID_INPUT: "give values of the names, types and shapes in the session's inputs and outputs",
  UNSUPPORTED_DEVICE: 'choose another adapter or smaller sizes',
  NO_ADAPTER: 'install a GPU driver with Vulkan, or Mesa 23 or newer',
  DEVICE_LOST: 'run again: the next run opens the device anew',
  DEVICE_UNHEALTHY: 'run again after the pause that the message names, and look into the driver if it lasts',
  OUT_OF_MEMORY: 'use smaller batches, dispose of sessions, or raise the memory budget',
  OVERLOADED: 'run again later, or with fewer requests at a time',
  NOT_FINITE: 'use precision fp32, or scale the inputs or the weights of the node named',
  GPU_ERROR: 'report the message with the model and the adapter',
  DISPOSED: 'open a new session',
  INTERNAL: 'report the message with the model',
};

const retryableCodes: ReadonlySet<ErrorCode> = new Set(['DEVICE_LOST', 'DEVICE_UNHEALTHY', 'OVERLOADED']);

/**
 * Every failure a caller can meet, but for an aborted one, which rejects with its signal's reason. `message` is one
 * sentence that names what is wrong and what would be right.
 *
 * @example
 * try {
 *   await session.run(feeds);
 * } catch (error) {
 *   if (!(error instanceof TesseraError)) throw error;
 *   if (error.retryable) return await session.run(feeds);
 *   console.error(error.code, error.node, error.message, error.remedy);
 * }
 */
export class TesseraError extends Error {
  override readonly name = 'TesseraError';

  constructor(
    /** What went wrong; stable between versions. */
    readonly code: ErrorCode,
    message: string,
    /** The ONNX node concerned, the error behind this one, and what would help where that is not what the code says. */
    readonly details: { readonly node?: string; readonly cause?: unknown; readonly remedy?: string } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
  }

  /** Name of the ONNX node concerned, where there is one. */
  get node(): string | undefined {
    return this.details.node;
  }

  /** What would help, as an imperative sentence without its full stop. */
  get remedy(): string {
    return this.details.remedy ?? remedies[this.code];
  }

  /** Whether the same call may succeed when it is made again. */
  get retryable(): boolean {
    return retryableCodes.has(this.code);
  }
}

/**
 * Errors of the loader, and of sizes no machine can hold, as the one kind callers meet, with the node that met them where it
 * is known. Anything else is returned as it is.
 */
export function asTesseraError(error: unknown, node?: { readonly name: string; readonly opType: string }): unknown {
  if (error instanceof OnnxError) return new TesseraError('INVALID_MODEL', error.message, { cause: error });
  if (error instanceof RangeError) {
    const who = node ? `node "${node.name}" (${node.opType})` : 'the model';
    return new TesseraError('INVALID_MODEL', `${who} asks for more than can be held in memory: ${error.message}`, {
      cause: error,
      node: node?.name,
    });
  }
  return error;
}
