export * from './problem.js';
export * from './plan.js';
export * from './wgsl/shader.js';
export type { Coordinate, PackedAxis, PackedFormat, PackingMap, SourceAxis } from './packing/map.js';
export { packByMap } from './packing/pack.js';
export { plainMap } from './packing/blocks.js';
export { packingDispatches, type PackingDispatch, type PackingOperand, type PackingSource } from './packing/kernels.js';
export { ConvProblemError } from './errors.js';
export { convOutputSize, convOutputDims, convFlops, convBytes, kernelTaps } from './geometry.js';
export { chooseConv, convAlgorithms, explainConv, planConv } from './choose.js';
export { readsF32Input } from './f32-input.js';
export type { Candidate, ChoiceOptions } from './candidates.js';
export {
  tuneAveragedProduct,
  tuneConv,
  tuneGemm,
  tunePooledConv,
  type PlanTimer,
  type TimingRequest,
  type TuneOptions,
} from './tune.js';
export {
  formatTuning,
  mergeTuning,
  parseTuning,
  tuningAdapter,
  tuningFile,
  checkTuning,
  TuningFileError,
  tuningTable,
  type TimedCandidate,
  type TuningFile,
  type TuningRecord,
  type TuningTable,
} from './tuning.js';
export { convKey, gemmKey } from './problem-key.js';
export { convOperandBytes, gemmOperandBytes, type OperandBytes } from './operand-bytes.js';
export { rooflineSeconds } from './roofline.js';
export { explainGemm, gemmAlgorithms, planGemm, type GemmAlgorithm, type GemmOptions } from './gemm.js';
export type { ConvAlgorithm, Variant } from './algorithms/types.js';
export { activationCode, floatLiteral, type ActivationType } from './wgsl/activation.js';
export { ceilingsOf, defaultCeilings, deviceKind, type Ceilings, type DeviceKind } from './ceilings.js';
export { ceilingProbes, ceilingsFromRates, type CeilingProbe, type ProbeName } from './ceiling-probes.js';
export {
  autoPads,
  axisOutput,
  spatialConv,
  splitPads,
  type ConvAxis,
  type Pads,
  type SpatialConv,
  type SpatialEpilogue,
  type SpatialLayout,
} from './spatial.js';
export {
  convTransposeAlgorithms,
  explainConvTranspose,
  planConvTranspose,
  type TransposeCandidate,
} from './transpose/choose.js';
export type { ConvTransposeAlgorithm } from './transpose/types.js';
export {
  transposeExtent,
  type ConvTransposeProblem,
  type TransposeAxis,
  type TransposeExtent,
} from './transpose/problem.js';
export { referenceConvTranspose } from './transpose/reference.js';
export { fromHalf, toHalf } from './half.js';
export { referenceActivation, referenceConv, referenceGemm, type ReferenceOperands } from './reference.js';
export { planTolerance, spreadsNonFinite, sumTolerance, type Tolerance } from './tolerance.js';
export {
  explainAveragedProduct,
  planAveragedProduct,
  productOfMeans,
  referenceAveragedProduct,
  type AveragedProductProblem,
} from './pooling/averaged-product.js';
export {
  explainPooledConv,
  mayPoolConv,
  planPooledConv,
  referencePooledConv,
  type PooledConvProblem,
  type PoolWindow,
} from './pooling/pooled-conv.js';
export { averagedProductKey, pooledConvKey } from './pooling/keys.js';
export { apart } from './pooling/together.js';
export type {
  Int8Arithmetic,
  Int8ConvProblem,
  Int8GemmProblem,
  Int8Result,
  Int8Storage,
  Int8Type,
  ZeroPoint,
} from './int8/problem.js';
export { explainInt8Conv, explainInt8Gemm, int8Algorithms, planInt8Conv, planInt8Gemm } from './int8/choose.js';
export { referenceInt8Conv, referenceInt8Gemm, type Int8Operands } from './int8/reference.js';
