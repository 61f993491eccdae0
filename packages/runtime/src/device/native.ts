/** WebGPU's own objects as the public interface shows them; the rest of the runtime does not touch them. */
export type NativeDevice = GPUDevice;
export type NativeBuffer = GPUBuffer;
