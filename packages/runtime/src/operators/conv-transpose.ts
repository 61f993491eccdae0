import { planConvTranspose, type ConvTransposeProblem } from '@tessera/conv-kernels';
import type { Tensor } from '../tensor.js';
import { inferConvTranspose, transposeGeometry } from './conv-transpose-shape.js';
import { floatElementType, packedWeights, runWeights, withPositiveStrides } from './conv-lower.js';
import { forEachIndex, product } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import { emitPlan, planned, vectorAsF32 } from './plan-emission.js';
import type { EvaluateContext, LowerContext, Operator } from './types.js';

/** Scatters every input element, in float64. */
function evaluate(context: EvaluateContext): readonly Tensor[] {
  const [xTensor, wTensor] = [context.input(0), context.input(1)];
  const [x, w] = [toNumbers(xTensor), toNumbers(wTensor)];
  const bias = context.hasInput(2) ? toNumbers(context.input(2)) : undefined;
  const [batch, channels, ...input] = xTensor.dims;
  const [, groupOut, ...kernel] = wTensor.dims;
  const groups = context.attributes.int('group', 1);
  const { window, spatial } = transposeGeometry(context, input, kernel);
  const dims = [batch, groupOut * groups, ...spatial];
  const [size, taps] = [product(spatial), product(kernel)];
  const y = Float64Array.from({ length: product(dims) }, (_, i) => bias?.[Math.floor(i / size) % dims[1]] ?? 0);
  forEachIndex(xTensor.dims, ([n, c, ...position], flat) => {
    const firstOut = Math.floor(c / (channels / groups)) * groupOut;
    forEachIndex(kernel, (tap, tapFlat) => {
      let at = 0;
      for (let i = 0; i < tap.length; i++) {
        const target = position[i] * window.strides[i] + tap[i] * window.dilations[i] - window.padsBegin[i];
        if (target < 0 || target >= spatial[i]) return;
        at = at * spatial[i] + target;
      }
      for (let m = 0; m < groupOut; m++) {
        y[(n * dims[1] + firstOut + m) * size + at] += x[flat] * w[(c * groupOut + m) * taps + tapFlat];
      }
    });
  });
  return [fromNumbers(xTensor.dataType, dims, y)];
}

function lower(context: LowerContext): void {
  const x = withPositiveStrides(context, context.input(0));
  const { window, spatial } = transposeGeometry(context, x.shape.slice(2), context.type(1).shape.slice(2));
  const y = context.allocate(context.outputType(0), 'channels-last');
  if (x.shape[0] === 0) return context.output(0, y);
  const bias = context.hasInput(2) ? vectorAsF32(context, 2, y.shape[1]) : undefined;
  const elementType = floatElementType(context, y);
  const constantWeights = context.isConstant(1);
  const problem: ConvTransposeProblem = {
    batch: x.shape[0],
    inChannels: x.shape[1],
    outChannels: y.shape[1],
    groups: context.attributes.int('group', 1),
    axes: window.kernel.map((kernel, i) => ({
      input: x.shape[2 + i],
      output: spatial[i],
      kernel,
      stride: window.strides[i],
      dilation: window.dilations[i],
      padBegin: window.padsBegin[i],
    })),
    elementType,
    constantWeights,
    input: x,
    output: y,
    epilogue: { bias: bias !== undefined },
  };
  context.choose({ kind: 'conv-transpose', problem });
  const plans = planned(context, () => planConvTranspose(problem, context.profile, context.algorithms));
  for (const plan of plans) {
    const weights = constantWeights ? packedWeights(context, plan, 1, elementType) : runWeights(context, elementType);
    emitPlan(context, plan, { input: x, weights, bias, output: y });
  }
  context.output(0, y);
}

/** ConvTranspose over 1, 2 or 3 spatial dimensions. */
export const convTransposeOperators: readonly Operator[] = [
  { type: 'ConvTranspose', domain: '', since: 1, infer: inferConvTranspose, evaluate, lower },
];
