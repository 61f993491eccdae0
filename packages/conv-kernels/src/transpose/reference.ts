import { referenceEpilogue, type ReferenceOperands } from '../reference.js';
import type { SpatialLayout } from '../spatial.js';
import type { ConvTransposeProblem } from './problem.js';

/** A transposed convolution by plain loops in fp64: every input element is scattered by every tap. */
export function referenceConvTranspose(
  p: ConvTransposeProblem,
  operands: ReferenceOperands,
  output: Float64Array,
): void {
  const [groupIn, groupOut] = [p.inChannels / p.groups, p.outChannels / p.groups];
  const kernel = p.axes.map((axis) => axis.kernel);
  const taps = kernel.reduce((product, size) => product * size, 1);
  const outDims = [p.batch, p.outChannels, ...p.axes.map((axis) => axis.output)];
  const sums = new Map<number, number>();
  visit(outDims, (at) => sums.set(place(p.output, at), 0));
  visit([p.batch, p.inChannels, ...p.axes.map((axis) => axis.input)], ([n, c, ...position]) => {
    const x = operands.input[place(p.input, [n, c, ...position])];
    const firstOut = Math.floor(c / groupIn) * groupOut;
    visit(kernel, (tap) => {
      const target = p.axes.map((axis, i) => position[i] * axis.stride + tap[i] * axis.dilation - axis.padBegin);
      if (target.some((at, i) => at < 0 || at >= p.axes[i].output)) return;
      const tapAt = tap.reduce((at, t, i) => at * kernel[i] + t, 0);
      for (let m = 0; m < groupOut; m++) {
        const to = place(p.output, [n, firstOut + m, ...target]);
        sums.set(to, sums.get(to)! + x * operands.weights[(c * groupOut + m) * taps + tapAt]);
      }
    });
  });
  const { residual } = p.epilogue;
  visit(outDims, (at) => {
    const to = place(p.output, at);
    output[to] = referenceEpilogue(p.epilogue, operands, at[1], sums.get(to)!, residual && place(residual, at));
  });
}

function place({ offset, strides }: SpatialLayout, position: readonly number[]): number {
  return position.reduce((at, index, i) => at + index * strides[i], offset);
}

/** Calls `each` with every index of a tensor of these sizes. */
function visit(dims: readonly number[], each: (position: readonly number[]) => void): void {
  const count = dims.reduce((product, size) => product * size, 1);
  for (let flat = 0; flat < count; flat++) {
    const position = new Array<number>(dims.length);
    let rest = flat;
    for (let i = dims.length - 1; i >= 0; i--) {
      position[i] = rest % dims[i];
      rest = Math.floor(rest / dims[i]);
    }
    each(position);
  }
}
