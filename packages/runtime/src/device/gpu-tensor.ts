import type { ElementType } from '@tessera/conv-kernels';
import type { DataType } from '@tessera/onnx-loader';
import type { Device } from '../api.js';
import { TesseraError } from '../errors.js';
import { elementCount } from '../passes/constants.js';
import { byteSize } from '../program/layout.js';
import { decodeStorage, storageType } from '../program/storage.js';
import type { Tensor } from '../tensor.js';
import { asGpuDevice, type GpuDevice } from './device.js';
import { bufferUsage, mapRead } from './usage.js';

/** What a GPU buffer of the caller's holds. */
export interface GpuTensorOptions {
  /** The device of the buffer, as `acquireDevice` or a session's `device` gives it. */
  readonly device: Device;
  readonly dataType: DataType;
  /** Sizes, outermost first. */
  readonly dims: readonly number[];
  /** How each element is stored; by default as sessions take `dataType`: see {@link GpuTensor.elementType}. */
  readonly elementType?: ElementType;
}

/** Bytes of a tensor as a buffer stores it, without the padding to whole words. */
export function storedBytes(dims: readonly number[], elementType: ElementType): number {
  return elementCount(dims) * byteSize(elementType);
}

/**
 * A tensor in GPU memory: an input or output of runs that never leaves the GPU. Those that a run gives belong to the
 * caller, who disposes of them; those of `Tensor.fromGpuBuffer` belong to their buffer's owner.
 *
 * @example
 * const { features } = await encoder.run({ image }, { location: 'gpu' });
 * const { mask } = await decoder.run({ features }); // both sessions were opened with the same `device`
 * features.dispose();
 */
export class GpuTensor {
  readonly location = 'gpu';
  #disposed = false;

  private constructor(
    /** @internal */
    readonly device: GpuDevice,
    /** Row-major from byte 0 on. */
    readonly buffer: GPUBuffer,
    readonly dataType: DataType,
    /** Sizes, outermost first. */
    readonly dims: readonly number[],
    /**
     * How each element is stored, in every precision. 'f32': float32, float64 and bfloat16, and float16 where the adapter
     * has no f16; 'f16': float16; 'i32': signed integers; 'u32': unsigned ones and bool.
     */
    readonly elementType: ElementType,
    private readonly isOwned: boolean,
  ) {}

  /** @internal A tensor in a buffer of the caller's. */
  static wrap(buffer: GPUBuffer, options: GpuTensorOptions): GpuTensor {
    const device = asGpuDevice(options.device);
    const { dataType, dims, elementType } = options;
    const stored = elementType ?? storageType(dataType, 'f32', device.profile.hasF16);
    const needed = Math.ceil(storedBytes(dims, stored) / 4) * 4;
    if (buffer.size < needed) {
      const shape = `[${dims.join(', ')}]`;
      throw new TesseraError(
        'INVALID_INPUT',
        `the GPU buffer has ${buffer.size} bytes; a ${dataType} tensor of the shape ${shape} needs ${needed}`,
      );
    }
    return new GpuTensor(device, buffer, dataType, [...dims], stored, false);
  }

  /** @internal A tensor with a buffer of its own, counted as the device's. */
  static allocate(device: GpuDevice, dataType: DataType, dims: readonly number[], elementType: ElementType): GpuTensor {
    const buffer = device.createBuffer(storedBytes(dims, elementType), bufferUsage.tensor, 'tensor');
    return new GpuTensor(device, buffer, dataType, dims, elementType, true);
  }

  /**
   * Copies the elements to host memory.
   * @throws TesseraError DEVICE_LOST where the device was lost since: the elements are lost with it. DISPOSED.
   */
  async download(): Promise<Tensor> {
    if (this.#disposed) throw new TesseraError('DISPOSED', 'the GPU tensor was disposed');
    this.device.check();
    const { gpu } = this.device;
    const size = Math.max(4, Math.ceil(storedBytes(this.dims, this.elementType) / 4) * 4);
    const staging = this.device.createBuffer(size, bufferUsage.staging, 'download');
    try {
      const encoder = gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(this.buffer, 0, staging, 0, Math.min(size, this.buffer.size));
      gpu.queue.submit([encoder.finish()]);
      await staging.mapAsync(mapRead);
      this.device.check();
      const bytes = staging.getMappedRange().slice(0);
      const data = decodeStorage(bytes, elementCount(this.dims), this.elementType, this.dataType);
      return { dataType: this.dataType, dims: this.dims, data };
    } catch (error) {
      throw await this.device.failure(gpu, error);
    } finally {
      this.device.destroyBuffer(staging);
    }
  }

  /** Frees the buffer, if a run made it; a buffer of the caller's stays. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.isOwned) this.device.destroyBuffer(this.buffer);
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
