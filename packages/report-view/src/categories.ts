/** Kinds of operators, which share a colour. */
export const categories = [
  'Convolution',
  'Matrix product',
  'Normalization and reduction',
  'Pooling',
  'Elementwise',
  'Data movement',
] as const;
export type Category = (typeof categories)[number];

const patterns: readonly [RegExp, Category][] = [
  [/Conv/, 'Convolution'],
  [/MatMul|Gemm|Einsum|Attention|LSTM|GRU|RNN|DFT|STFT/, 'Matrix product'],
  [/Pool/, 'Pooling'],
  [/Norm|LRN|Softmax|Reduce|Arg(Max|Min)|CumSum|CumProd|TopK|Loss/, 'Normalization and reduction'],
  [/Copy|Concat|Split|Slice|Gather|Scatter|Transpose|Reshape|Flatten|Squeeze|Expand|Tile|Pad|Resize/, 'Data movement'],
  [/Upsample|Cast|DepthToSpace|SpaceToDepth|Identity|Col2Im|Reverse|Crop|GridSample|OneHot|Trilu/, 'Data movement'],
];

/** The kind of an ONNX operator; elementwise where it is none of the others. */
export function categoryOf(opType: string): Category {
  return patterns.find(([pattern]) => pattern.test(opType))?.[1] ?? 'Elementwise';
}
