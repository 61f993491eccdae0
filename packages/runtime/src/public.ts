// The types of WebGPU and of `using`, which a project that imports this need not name itself.
/// <reference types="@webgpu/types" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/** What Node and browsers share: everything but how a device and a model are found. */
export type * from './api.js';
export type { Container } from './graph.js';
export { createPlanTimer, measureCeilings, type PlanTimerOptions } from './measure.js';
export { formatTuning, mergeTuning, parseTuning } from '@tessera/conv-kernels';
export type { Candidate, Ceilings, DeviceProfile, ElementType, PlanTimer, TuningFile } from '@tessera/conv-kernels';
export type { DataType, TensorData } from '@tessera/onnx-loader';
export type { ModelBytes } from './create-session.js';
export { GpuTensor, type GpuTensorOptions } from './device/gpu-tensor.js';
export type { NativeBuffer, NativeDevice } from './device/native.js';
export { TesseraError, type ErrorCode } from './errors.js';
export { listOperators, type OperatorDefinition } from './operators/list.js';
export {
  arrayTypeOf,
  isSequence,
  isTensor,
  Tensor,
  type Feed,
  type TensorArray,
  type TensorArrayType,
  type Value,
} from './tensor.js';
export type {
  BatchingOptions,
  BatchReport,
  PoolFeeds,
  PoolOptions,
  PoolRunOptions,
  SessionPool,
} from './pool/types.js';
