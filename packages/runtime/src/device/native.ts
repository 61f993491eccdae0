/** WebGPU's own device, as the public interface shows it. */
export type NativeDevice = GPUDevice;
/** A GPU buffer of the device that {@link NativeDevice} names. */
export type NativeBuffer = GPUBuffer;
