export type * from './api.js';
export * from './errors.js';
export type * from './tensor.js';
export type { DataType } from '@tessera/onnx-loader';
