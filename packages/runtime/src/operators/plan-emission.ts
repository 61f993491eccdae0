import { ConvProblemError, type OperandName, type Plan } from '@tessera/conv-kernels';
import { scaledCopyEmission } from '../kernels/scaled-copy.js';
import { denseStrides } from '../program/layout.js';
import type { LowerContext, Operand } from './types.js';

/** What `plan` makes; what it refuses fails with the node's name. */
export function planned<T>(context: LowerContext, plan: () => T): T {
  try {
    return plan();
  } catch (error) {
    if (error instanceof ConvProblemError) return context.fail(error.message);
    throw error;
  }
}

/** Emits the dispatches of a plan with the operands it names. */
export function emitPlan(
  context: LowerContext,
  plan: Plan,
  operands: Readonly<Partial<Record<OperandName, Operand>>>,
): void {
  const scratch = plan.scratchByteLength > 0 ? context.scratch(plan.scratchByteLength) : undefined;
  const bound = { ...operands, scratch };
  plan.dispatches.forEach((dispatch, i) => {
    context.emit({
      kernel: dispatch.kernel,
      workgroups: dispatch.workgroups,
      params: dispatch.params,
      operands: dispatch.operands.map(
        (name) =>
          bound[name] ?? context.fail(`the plan ${plan.algorithm} needs an operand "${name}" that the node lacks`),
      ),
      algorithm: `${plan.algorithm} ${plan.variant}`.trim(),
      flops: i === 0 ? plan.flops : 0,
      bytes: i === 0 ? plan.bytes : 0,
    });
  });
}

/**
 * A vector of `length` numbers, one for each output channel or column, as dense f32 times `factor`. A single element is
 * repeated where the input is constant.
 */
export function vectorAsF32(context: LowerContext, input: number, length: number, factor = 1): Operand {
  if (context.isConstant(input)) {
    return context.weight({
      input,
      elementType: 'f32',
      dims: [length],
      byteLength: length * 4,
      key: `vector-f32 ${length} x${factor}`,
      pack: (values) => Float32Array.from({ length }, (_, i) => values[values.length === 1 ? 0 : i] * factor),
    });
  }
  const operand = context.input(input);
  const isUsable = operand.elementType === 'f32' && operand.offset === 0 && factor === 1;
  if (isUsable && context.layoutOf(operand) === 'row-major') return operand;
  const copy: Operand = {
    ...context.scratch(length * 4),
    shape: operand.shape,
    strides: denseStrides(operand.shape, 'row-major'),
  };
  context.emit(scaledCopyEmission(operand, copy, factor, context.profile));
  return copy;
}
