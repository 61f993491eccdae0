import type { Ceilings } from './ceilings.js';
import type { ElementType } from './wgsl/shader.js';

/** What a kernel must know of the device it will run on. Plain data; runtime/device makes it from an adapter. */
export interface DeviceProfile {
  /** As the adapter reports them, in lower case: 'nvidia', 'amd', 'intel', 'apple', 'mesa', 'google', ... */
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** True for a software adapter (lavapipe, SwiftShader). */
  readonly isSoftware: boolean;
  readonly hasF16: boolean;
  readonly hasSubgroups: boolean;
  /** Whether WGSL has `dot4I8Packed` (the language feature packed_4x8_integer_dot_product). */
  readonly hasPackedDot?: boolean;
  /** 0 where the adapter does not say. */
  readonly subgroupMinSize: number;
  readonly subgroupMaxSize: number;
  /** True where a kernel may ask for one subgroup size (`@subgroup_size`). */
  readonly hasSubgroupSizeControl: boolean;
  /** The matrix products that subgroups can do; empty where the adapter has none. */
  readonly subgroupMatrixConfigs: readonly SubgroupMatrixConfig[];
  readonly maxInvocationsPerWorkgroup: number;
  readonly maxWorkgroupSizeX: number;
  readonly maxWorkgroupSizeY: number;
  readonly maxWorkgroupSizeZ: number;
  readonly maxWorkgroupsPerDimension: number;
  /** Bytes. */
  readonly maxWorkgroupStorage: number;
  readonly maxStorageBinding: number;
  readonly maxStorageBuffers: number;
  readonly minStorageOffsetAlignment: number;
  /** What was measured on this device; without it costs count with the defaults of its kind. */
  readonly ceilings?: Ceilings;
}

/** A product of an M x K and a K x N matrix held by a subgroup, as the adapter's `subgroupMatrixConfigs` list them. */
export interface SubgroupMatrixConfig {
  /** Of the factors: 'f32', 'f16', 'u8', 'i8', ... */
  readonly componentType: string;
  /** Of the sum. */
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/**
 * Where the elements of an activation lie: element (n, c, y, x) is at offset + n*strides[0] + c*strides[1] +
 * y*strides[2] + x*strides[3]. NHWC has strides [H*W*C, 1, W*C, C]; NCHW [C*H*W, H*W, W, 1]. Elements, not bytes.
 */
export interface ActivationLayout {
  readonly offset: number;
  readonly strides: readonly [number, number, number, number];
}

export type ActivationFunction =
  | { readonly kind: 'relu' }
  | { readonly kind: 'clip'; readonly min: number; readonly max: number }
  | { readonly kind: 'leaky-relu'; readonly alpha: number }
  | { readonly kind: 'sigmoid' }
  | { readonly kind: 'hard-sigmoid'; readonly alpha: number; readonly beta: number }
  | { readonly kind: 'hard-swish' }
  | { readonly kind: 'silu' }
  | { readonly kind: 'gelu' }
  | { readonly kind: 'gelu-tanh' }
  | { readonly kind: 'tanh' };

/** What happens to a sum before it is stored: + bias, + residual, activation or slope, in that order. */
export interface Epilogue {
  /** One f32 for each output channel (whatever the element type), in a buffer of its own. */
  readonly bias: boolean;
  /** A tensor of the output's shape is added; its layout, where there is one. */
  readonly residual?: ActivationLayout;
  readonly activation?: ActivationFunction;
  /** PRelu: negative values times one f32 for each output channel, in the buffer `slope`; excludes `activation`. */
  readonly slope?: boolean;
}

/**
 * The outermost of three spatial dimensions: element (n, c, z, y, x) of an activation lies z times its stride here
 * beyond (n, c, y, x). Strides in elements.
 */
export interface DepthAxis {
  readonly inDepth: number;
  readonly kernelDepth: number;
  readonly strideDepth: number;
  readonly dilationDepth: number;
  readonly padFront: number;
  readonly padBack: number;
  readonly inputStride: number;
  readonly outputStride: number;
  /** Needed where the epilogue has a residual. */
  readonly residualStride?: number;
}

/**
 * A convolution with every number known, of images (1-D is height 1) or, with a `depth`, of volumes. Weights are OIHW:
 * [outChannels, inChannels / groups, kernelHeight, kernelWidth], of volumes with kernelDepth before kernelHeight.
 */
export interface ConvProblem {
  readonly batch: number;
  readonly inChannels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly padBottom: number;
  readonly padRight: number;
  readonly groups: number;
  readonly depth?: DepthAxis;
  /** False where weights are known only at the run: then they lie as OIHW, in `elementType`. Defaults to true. */
  readonly constantWeights?: boolean;
  /** Storage type of input, output, residual and packed weights; sums are f32. */
  readonly elementType: 'f32' | 'f16';
  /** True where the input is stored as f32 although `elementType` is f16; some algorithms read it so. */
  readonly f32Input?: boolean;
  readonly input: ActivationLayout;
  readonly output: ActivationLayout;
  readonly epilogue: Epilogue;
}

/**
 * C = alpha-free A x B, batched: A is [batch, m, k], B is [batch, k, n], C is [batch, m, n]. Strides in elements;
 * a batch stride of 0 shares an operand. Transposes are strides.
 */
export interface GemmProblem {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly elementType: 'f32' | 'f16';
  /** True where C is stored as f32 although `elementType` is f16. */
  readonly f32Output?: boolean;
  readonly a: MatrixLayout;
  readonly b: MatrixLayout;
  readonly c: MatrixLayout;
  /** bias: one f32 a column (n), in a buffer of its own; residual has the layout given, in the order batch, row, column. */
  readonly epilogue: {
    readonly bias: boolean;
    readonly residual?: MatrixLayout;
    readonly activation?: ActivationFunction;
    /** PRelu: negative values times one f32 a column; excludes `activation`. */
    readonly slope?: boolean;
  };
}

export interface MatrixLayout {
  readonly offset: number;
  readonly batchStride: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

export type { ElementType };
