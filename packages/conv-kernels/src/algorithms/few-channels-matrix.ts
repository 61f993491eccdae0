import { convBytes, convFlops, elementBytes, inputBytes, kernelTaps } from '../geometry.js';
import { implicitConv, type ImplicitGemm } from '../implicit.js';
import type { Plan } from '../plan.js';
import type { ConvProblem, DeviceProfile } from '../problem.js';
import { bandwidth, launchSeconds } from './cost.js';
import { cheapest, leastSplitTerms } from './implicit-gemm-matrix.js';
import { matrixChoices, type MatrixChoice } from './matrix/choice.js';
import { inputLoads } from './matrix/fetch.js';
import { matrixLimit, matrixVariantName, planMatrixShape } from './matrix/plan.js';
import { packRowsDispatch, packRowsGrid, rowConv, rowLayout, widenWeights, type RowLayout } from './matrix/rows.js';
import { matrixUnits, type MatrixShape, type MatrixUnits } from './matrix/shape.js';
import type { ConvAlgorithm } from './types.js';

/**
 * First layers on matrix units. One kernel packs the input with its padding, up to four channels side by side, so that all
 * that a row of the filter sees lies in one run of elements: with that run as its channels the convolution is one of a
 * filter one column wide, which the kernels of `implicit-gemm-matrix` compute.
 */
export const fewChannelsMatrix: ConvAlgorithm = {
  name: 'few-channels-matrix',
  readsF32: true,
  supports: (problem, device) => support(problem, device),
  cost: (problem, device) => cheapest(fewChannelsMatrix.variants!(problem, device)).seconds,
  plan: (problem, device) => cheapest(fewChannelsMatrix.variants!(problem, device)).plan(),
  variants: (problem, device) => {
    const rows = rowsOf(problem, device);
    if (typeof rows === 'string') return [];
    const { units, layout, p } = rows;
    const packing = packSeconds(problem, layout, device);
    return shapes(p, units, device).map(({ shape, seconds }) => ({
      name: matrixVariantName(shape),
      seconds: packing + Math.max(seconds, convBytes(problem) / bandwidth(device)),
      plan: () => planRows(problem, shape, device),
    }));
  },
};

interface Rows {
  readonly units: MatrixUnits;
  readonly layout: RowLayout;
  /** The convolution of packed rows. */
  readonly p: ImplicitGemm;
}

function rowsOf(problem: ConvProblem, device: DeviceProfile): Rows | string {
  const units = matrixUnits(device, problem.elementType);
  if (typeof units === 'string') return units;
  if (problem.groups !== 1) return 'there are groups';
  if (problem.inChannels > 4) return 'there are more than 4 input channels';
  if (problem.dilationWidth !== 1) return 'the filter is dilated along the width';
  const terms = problem.inChannels * kernelTaps(problem);
  if (units.parts === 2 && terms < leastSplitTerms) {
    return `sums of ${terms} products of split operands are less accurate than f32`;
  }
  const layout = rowLayout(problem);
  return { units, layout, p: implicitConv(rowConv(problem, layout)) };
}

/** Sums of a row are short, so that no workgroups share K: scratch holds the packed input. */
function shapes(p: ImplicitGemm, units: MatrixUnits, device: DeviceProfile): readonly MatrixChoice[] {
  return matrixChoices(p, units, device, true).filter(
    ({ shape }) => shape.splits === 1 && matrixLimit(p, shape, device) === undefined,
  );
}

function support(problem: ConvProblem, device: DeviceProfile): true | string {
  const rows = rowsOf(problem, device);
  if (typeof rows === 'string') return rows;
  const { units, layout, p } = rows;
  const loads = inputLoads(p, units);
  if (typeof loads === 'string') return loads;
  const bytes = layout.elements * elementBytes(problem.elementType);
  const [most, limit] = [device.maxStorageBinding, device.maxWorkgroupsPerDimension];
  if (bytes > most) return `the packed input takes ${bytes} bytes of the ${most} that can be bound`;
  const grid = packRowsGrid(problem, layout);
  if (Math.max(...grid) > limit) return `${grid.join('x')} workgroups exceed ${limit} a dimension`;
  return shapes(p, units, device).length > 0 || 'no tile of matrices fits the device';
}

function packSeconds(problem: ConvProblem, { elements }: RowLayout, device: DeviceProfile): number {
  const { batch, inChannels, inHeight, inWidth, elementType } = problem;
  const read = inputBytes(problem) * batch * inChannels * inHeight * inWidth;
  return launchSeconds(device) + (read + 2 * elements * elementBytes(elementType)) / bandwidth(device);
}

/** The plan with one shape of matrix kernel. */
export function planRows(problem: ConvProblem, shape: MatrixShape, device: DeviceProfile): Plan {
  const layout = rowLayout(problem);
  const planned = planMatrixShape(implicitConv(rowConv(problem, layout)), shape, device);
  if (typeof planned === 'string') throw new Error(planned);
  const { variant, packing, dispatches } = planned;
  const product = dispatches.map((dispatch) => ({
    ...dispatch,
    operands: dispatch.operands.map((name) => (name === 'input' ? 'scratch' : name)),
  }));
  return {
    algorithm: 'few-channels-matrix',
    variant,
    dispatches: [packRowsDispatch(problem, layout), ...product],
    scratchByteLength: layout.elements * elementBytes(problem.elementType),
    packing: packing && {
      byteLength: packing.byteLength,
      key: `rows of ${layout.channels} ${problem.inChannels}x${problem.kernelHeight}x${problem.kernelWidth} ${packing.key}`,
      pack: (values) => packing.pack(widenWeights(problem, layout, values)),
    },
    flops: convFlops(problem),
    bytes: convBytes(problem),
  };
}
