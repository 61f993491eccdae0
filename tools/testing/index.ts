export { buildModel } from './src/model-builder.js';
export type {
  AttributeSpec,
  FunctionSpec,
  GraphSpec,
  ModelSpec,
  NodeSpec,
  SparseTensorSpec,
  TypedAttributeSpec,
  ValueSpec,
} from './src/model-builder.js';
export { encodeTensor } from './src/encode-tensor.js';
export type { ExternalTensorSpec, TensorSpec } from './src/encode-tensor.js';
export { toBfloat16Bits, toFloat16Bits } from './src/half.js';
export { selfSignedCertificate } from './src/certificate.js';
