import {
  apart,
  explainAveragedProduct,
  explainConv,
  explainConvTranspose,
  explainGemm,
  explainPooledConv,
  gemmAlgorithms,
  type AveragedProductProblem,
  type Candidate,
  type ChoiceOptions,
  type ConvProblem,
  type ConvTransposeProblem,
  type DeviceProfile,
  type GemmOptions,
  type GemmProblem,
  type PooledConvProblem,
} from '@tessera/conv-kernels';

/** What an algorithm was chosen for while a node was lowered. */
export type Choice =
  | { readonly kind: 'conv'; readonly problem: ConvProblem }
  | { readonly kind: 'conv-transpose'; readonly problem: ConvTransposeProblem }
  | { readonly kind: 'gemm'; readonly problem: GemmProblem; readonly constantB: boolean }
  | { readonly kind: 'averaged-product'; readonly problem: AveragedProductProblem }
  | { readonly kind: 'pooled-conv'; readonly problem: PooledConvProblem };

/** Options for a matrix product: `only` counts where it names one of its algorithms, since others are of convolutions. */
export function gemmOptions(options: ChoiceOptions, constantB: boolean): GemmOptions {
  const { only } = options;
  const isGemm = gemmAlgorithms.some(({ name }) => only === name || only?.startsWith(`${name} `));
  return { ...options, only: isGemm ? only : undefined, constantB };
}

/** Options for a convolution: one that is to be apart from what stands beside it is free to be any. */
export function convOptions(options: ChoiceOptions): ChoiceOptions {
  return options.only === apart ? { ...options, only: undefined } : options;
}

/** Every algorithm's answer to a choice: the one taken first, refusals last. */
export function explainChoice(choice: Choice, device: DeviceProfile, options: ChoiceOptions): readonly Candidate[] {
  switch (choice.kind) {
    case 'conv':
      return explainConv(choice.problem, device, options);
    case 'conv-transpose':
      return explainConvTranspose(choice.problem, device, options);
    case 'gemm':
      return explainGemm(choice.problem, device, gemmOptions(options, choice.constantB));
    case 'averaged-product':
      return explainAveragedProduct(choice.problem, device, options);
    case 'pooled-conv':
      return explainPooledConv(choice.problem, device, options);
  }
}
