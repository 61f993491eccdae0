export * from './model.js';
export { OnnxError } from './errors.js';
export { loadOnnx } from './load.js';
export type { LoadOptions } from './load.js';
export { memorySource } from './tensor/bytes.js';
export { bitsPerElement, elementCount } from './tensor/data-type.js';
export { readTensor } from './tensor/read-tensor.js';
export type { TensorData } from './tensor/read-tensor.js';
