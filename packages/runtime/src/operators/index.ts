import { activationOperators } from './activations.js';
import { affineGridOperators } from './affine-grid.js';
import { argOperators } from './arg.js';
import { attentionOperators } from './attention.js';
import { batchNormalizationOperators } from './batch-normalization.js';
import { binaryOperators } from './binary.js';
import { castOperators } from './cast.js';
import { centerCropPadOperators } from './center-crop-pad.js';
import { clipOperators } from './clip.js';
import { col2imOperators } from './col2im.js';
import { concatOperators } from './concat.js';
import { convTransposeOperators } from './conv-transpose.js';
import { convOperators } from './conv.js';
import { cumsumOperators } from './cumsum.js';
import { deformConvOperators } from './deform-conv.js';
import { depthSpaceOperators } from './depth-space.js';
import { determinantOperators } from './determinant.js';
import { dftOperators } from './dft.js';
import { diagonalOperators } from './diagonal.js';
import { einsumOperators } from './einsum.js';
import { earlyBroadcastOperators } from './early-broadcast.js';
import { expandOperators } from './expand.js';
import { gatherOperators } from './gather.js';
import { gemmOperators } from './gemm.js';
import { globalPoolOperators } from './global-pool.js';
import { gridSampleOperators } from './grid-sample.js';
import { identityOperators } from './identity.js';
import { ifOperators } from './if.js';
import { linearAttentionOperators } from './linear-attention.js';
import { logLossOperators } from './log-loss.js';
import { lrnOperators } from './lrn.js';
import { matmulBitsOperators } from './matmul-bits.js';
import { matMulOperators } from './matmul.js';
import { melWeightMatrixOperators } from './mel-weight-matrix.js';
import { nonMaxSuppressionOperators } from './non-max-suppression.js';
import { nonzeroOperators } from './nonzero.js';
import { normalizationOperators } from './normalization.js';
import { oneHotOperators } from './one-hot.js';
import { padOperators } from './pad.js';
import { poolOperators } from './pool.js';
import { preluOperators } from './prelu.js';
import { quantizeOperators } from './quantize.js';
import { quantizedProductOperators } from './quantized-product.js';
import { recurrentOperators } from './recurrent.js';
import { reduceOperators } from './reduce.js';
import { regionPoolOperators } from './region-pool.js';
import { reshapeOperators } from './reshape.js';
import { resizeOperators } from './resize.js';
import { rotaryEmbeddingOperators } from './rotary-embedding.js';
import { reverseSequenceOperators } from './reverse-sequence.js';
import { scatterOperators } from './scatter.js';
import { shapeOperators } from './shape.js';
import { signalWindowOperators } from './signal-windows.js';
import { sliceOperators } from './slice.js';
import { softmaxOperators } from './softmax.js';
import { splitOperators } from './split.js';
import { topKOperators } from './top-k.js';
import { transposeOperators } from './transpose.js';
import { unaryOperators } from './unary.js';
import { variadicOperators } from './variadic.js';
import { whereOperators } from './where.js';
import { functionOperators } from './functions/index.js';
import { loopOperators } from './loop.js';
import { scanOperators } from './scan.js';
import { sequenceOperators } from './sequence.js';
import { sequenceMapOperators } from './sequence-map.js';
import { optionalOperators } from './optional.js';
import { uniqueOperators } from './unique.js';
import { tfIdfVectorizerOperators } from './tfidf-vectorizer.js';
import { stringOperators } from './strings.js';
import { randomOperators } from './random.js';
import { mlOperators } from './ml/index.js';
import { compressOperators } from './compress.js';
import { bitCastOperators } from './bit-cast.js';
import type { FunctionOperator, Operator } from './types.js';

/** Every operator there is, family by family. */
export const operators: readonly Operator[] = [
  ...activationOperators,
  ...affineGridOperators,
  ...argOperators,
  ...attentionOperators,
  ...batchNormalizationOperators,
  ...binaryOperators,
  ...castOperators,
  ...centerCropPadOperators,
  ...clipOperators,
  ...col2imOperators,
  ...concatOperators,
  ...convOperators,
  ...convTransposeOperators,
  ...cumsumOperators,
  ...deformConvOperators,
  ...depthSpaceOperators,
  ...determinantOperators,
  ...dftOperators,
  ...diagonalOperators,
  ...einsumOperators,
  ...earlyBroadcastOperators,
  ...expandOperators,
  ...gatherOperators,
  ...gemmOperators,
  ...globalPoolOperators,
  ...gridSampleOperators,
  ...identityOperators,
  ...ifOperators,
  ...linearAttentionOperators,
  ...logLossOperators,
  ...lrnOperators,
  ...matMulOperators,
  ...matmulBitsOperators,
  ...melWeightMatrixOperators,
  ...nonMaxSuppressionOperators,
  ...nonzeroOperators,
  ...normalizationOperators,
  ...oneHotOperators,
  ...padOperators,
  ...poolOperators,
  ...preluOperators,
  ...quantizeOperators,
  ...quantizedProductOperators,
  ...recurrentOperators,
  ...reduceOperators,
  ...regionPoolOperators,
  ...reshapeOperators,
  ...resizeOperators,
  ...rotaryEmbeddingOperators,
  ...reverseSequenceOperators,
  ...scatterOperators,
  ...shapeOperators,
  ...signalWindowOperators,
  ...sliceOperators,
  ...softmaxOperators,
  ...splitOperators,
  ...topKOperators,
  ...transposeOperators,
  ...unaryOperators,
  ...variadicOperators,
  ...whereOperators,
  ...loopOperators,
  ...scanOperators,
  ...sequenceOperators,
  ...sequenceMapOperators,
  ...optionalOperators,
  ...bitCastOperators,
  ...compressOperators,
  ...mlOperators,
  ...randomOperators,
  ...stringOperators,
  ...tfIdfVectorizerOperators,
  ...uniqueOperators,
];

interface Versioned {
  readonly type: string;
  readonly domain: string;
  readonly since: number;
}

/** Definitions by domain and name, the newest first. */
function byName<Definition extends Versioned>(definitions: readonly Definition[]): Map<string, Definition[]> {
  const table = new Map<string, Definition[]>();
  for (const definition of definitions) {
    const key = `${definition.domain}.${definition.type}`;
    const list = [...(table.get(key) ?? []), definition];
    table.set(
      key,
      list.sort((a, b) => b.since - a.since),
    );
  }
  return table;
}

const operatorTable = byName(operators);
const functionTable = byName(functionOperators);

/** The definition in force at a version of its domain: the newest that is not newer than `opset`. */
export function findOperator(domain: string, opType: string, opset: number): Operator | undefined {
  return operatorTable.get(`${domain}.${opType}`)?.find((operator) => operator.since <= opset);
}

/** As `findOperator`, of the operators that others define. */
export function findFunction(domain: string, opType: string, opset: number): FunctionOperator | undefined {
  return functionTable.get(`${domain}.${opType}`)?.find((operator) => operator.since <= opset);
}
