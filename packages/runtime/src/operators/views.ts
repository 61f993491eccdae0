import { copyEmission } from '../kernels/copy.js';
import type { Tensor } from '../tensor.js';
import { rowMajorStrides, stridedIndices } from './elementwise.js';
import { integersOf, newArray } from './helpers.js';
import type {
  EvaluateContext,
  InferContext,
  InferResult,
  LowerContext,
  NodeContext,
  Operand,
  Operator,
} from './types.js';

/** A strided window into some storage; offset and strides count elements. */
export interface View {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** A node with the constant integers of its inputs: the same for evaluation and for lowering. */
export interface ViewContext extends NodeContext {
  /** The whole numbers of an input; undefined where it is absent. Fails where the run would tell them. */
  integers(index: number): readonly number[] | undefined;
}

export function evaluateViewContext(context: EvaluateContext): ViewContext {
  return { ...context, integers: (index) => integersOf(context.optional(index)) };
}

export function lowerViewContext(context: LowerContext): ViewContext {
  return {
    ...context,
    integers: (index) => {
      if (!context.hasInput(index)) return undefined;
      return integersOf(context.constant(index)) ?? context.fail(`input ${index} depends on data; it must be constant`);
    },
  };
}

/** Elements by index, as a tensor of `dims`. */
export function take(tensor: Tensor, dims: readonly number[], indices: Uint32Array): Tensor {
  const data = newArray(tensor.dataType, indices.length) as Float32Array;
  const source = tensor.data as Float32Array;
  for (let i = 0; i < indices.length; i++) data[i] = source[indices[i]];
  return { dataType: tensor.dataType, dims, data };
}

export function viewOf(tensor: Tensor): View {
  return { shape: tensor.dims, strides: rowMajorStrides(tensor.dims), offset: 0 };
}

/** The elements of a window of a host tensor. */
export function takeView(tensor: Tensor, { shape, strides, offset }: View, dims = shape): Tensor {
  return take(tensor, dims, stridedIndices(shape, strides, offset));
}

/**
 * The strides of the same elements in another shape of equal size; undefined where a dimension of it would need more
 * than one stride.
 */
export function reshapedStrides({ shape, strides }: View, target: readonly number[]): number[] | undefined {
  if (shape.includes(0)) return rowMajorStrides(target);
  const sizes = shape.filter((size) => size !== 1);
  const steps = strides.filter((_, axis) => shape[axis] !== 1);
  const result = new Array<number>(target.length).fill(0);
  let from = sizes.length - 1;
  let to = target.length - 1;
  while (from >= 0) {
    const last = to;
    let step = steps[from];
    let [have, want] = [sizes[from], target[to]];
    while (have !== want) {
      if (want < have) want *= target[--to];
      else {
        if (steps[from - 1] !== steps[from] * sizes[from]) return undefined;
        have *= sizes[--from];
      }
    }
    for (let axis = last; axis >= to; axis--) {
      result[axis] = step;
      step *= target[axis];
    }
    from--;
    to--;
  }
  return result;
}

/** An operator whose outputs are windows into its first input. */
export function viewOperator(
  type: string,
  since: number,
  infer: (context: InferContext) => readonly InferResult[],
  views: (context: ViewContext, source: View) => readonly View[],
): Operator {
  return {
    type,
    domain: '',
    since,
    infer,
    valueInputs: [1, 2, 3, 4],
    evaluate(context) {
      const x = context.input(0);
      return views(evaluateViewContext(context), viewOf(x)).map((view) => takeView(x, view));
    },
    lower(context) {
      const x = context.input(0);
      views(lowerViewContext(context), x).forEach((view, i) => {
        if (context.hasOutput(i)) context.output(i, settled(context, { ...x, ...view }));
      });
    },
  };
}

/** Kernels take strides of 0 and above: a window that runs backwards is copied. */
function settled(context: LowerContext, operand: Operand): Operand {
  if (operand.strides.every((stride) => stride >= 0)) return operand;
  const copy = context.allocate(operand);
  context.emit(copyEmission(context.profile, operand, copy));
  return copy;
}

/** A rearrangement: a window whose dimensions, in groups, make up those of the output. */
export interface Rearrangement {
  readonly view: View;
  /** For each dimension of the output the window's dimensions it consists of, outermost first. */
  readonly groups: readonly (readonly number[])[];
}

function rearrangedShape({ view, groups }: Rearrangement): number[] {
  return groups.map((group) => group.reduce((size, axis) => size * view.shape[axis], 1));
}

/** Copies a rearranged input into a new output, in the input's layout. */
export function emitRearrangement(context: LowerContext, x: Operand, rearrangement: Rearrangement): Operand {
  const { view, groups } = rearrangement;
  const type = { dataType: x.dataType, shape: rearrangedShape(rearrangement) };
  const output = context.allocate(type, context.layoutOf(x) ?? 'row-major');
  const strides = new Array<number>(view.shape.length).fill(0);
  groups.forEach((group, axis) => {
    let step = output.strides[axis];
    for (const dim of [...group].reverse()) {
      strides[dim] = step;
      step *= view.shape[dim];
    }
  });
  const target = { ...output, shape: view.shape, strides };
  context.emit(copyEmission(context.profile, { ...x, ...view }, target));
  return output;
}

/** The same rearrangement of a host tensor; the window's dimensions must be in the output's order. */
export function takeRearrangement(tensor: Tensor, rearrangement: Rearrangement): Tensor {
  return takeView(tensor, rearrangement.view, rearrangedShape(rearrangement));
}
