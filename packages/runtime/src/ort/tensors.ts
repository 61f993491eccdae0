import { Tensor as OrtTensor, type InferenceSession } from 'onnxruntime-common';
import type { ValueMetadata } from '../api.js';
import type { GpuDevice } from '../device/device.js';
import { GpuTensor } from '../device/gpu-tensor.js';
import type { NativeBuffer } from '../device/native.js';
import { TesseraError } from '../errors.js';
import { Tensor } from '../tensor.js';

/** Types that GPU buffers hold alike in onnxruntime and here; the others (64-bit and small integers, bool) differ. */
const sharedGpuTypes: ReadonlySet<string> = new Set(['float32', 'float16', 'int32', 'uint32']);

/** Whether onnxruntime's callers can read such an output from a GPU buffer. */
export function canStayOnGpu(dataType: string): boolean {
  return sharedGpuTypes.has(dataType);
}

/**
 * A tensor of onnxruntime-common's as the runtime takes it; elements are shared, not copied. Throws INVALID_INPUT for
 * WebGL textures and WebNN tensors, and for GPU buffers of types stored otherwise here.
 */
export function fromOrt(name: string, value: OrtTensor, device: GpuDevice): Tensor | GpuTensor {
  const { type: dataType, dims, location } = value;
  if (location === 'gpu-buffer') {
    if (!canStayOnGpu(dataType)) {
      throw new TesseraError(
        'INVALID_INPUT',
        `"${name}" is a GPU buffer of ${dataType}; on the GPU only ${[...sharedGpuTypes].join(', ')} can be exchanged`,
      );
    }
    return Tensor.fromGpuBuffer(value.gpuBuffer as NativeBuffer, { device, dataType, dims });
  }
  if (location !== 'cpu' && location !== 'cpu-pinned')
    throw new TesseraError('INVALID_INPUT', `"${name}" lies in ${location}; give it on the CPU or in a GPU buffer`);
  const { data } = value;
  // Where the platform has Float16Array, onnxruntime-common holds halves in it.
  const isHalf = dataType === 'float16' && !(data instanceof Uint16Array) && ArrayBuffer.isView(data);
  const elements = isHalf ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data;
  return { dataType, dims, data: elements as Tensor['data'] };
}

/** A result as onnxruntime-common's tensor; one on the GPU downloads itself and is freed by its `dispose`. */
export function toOrt(value: Tensor | GpuTensor): OrtTensor {
  if (value instanceof GpuTensor) {
    return OrtTensor.fromGpuBuffer(value.buffer, {
      dataType: value.dataType as 'float32',
      dims: [...value.dims],
      download: async () => (await value.download()).data as Float32Array,
      dispose: () => value.dispose(),
    });
  }
  return new OrtTensor(value.dataType as 'float32', value.data as Float32Array, [...value.dims]);
}

/** Inputs and outputs as onnxruntime describes them; an unknown rank is an empty shape there. */
export function metadataOf(values: readonly ValueMetadata[]): InferenceSession.ValueMetadata[] {
  return values.map(({ name, dataType, dims = [] }) => ({
    name,
    isTensor: true,
    type: dataType as OrtTensor.Type,
    shape: [...dims],
  }));
}
