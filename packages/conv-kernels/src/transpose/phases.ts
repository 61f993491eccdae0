import { best } from '../candidates.js';
import { weighConv } from '../choose.js';
import { toHalves } from '../half.js';
import type { Plan, WeightPacking } from '../plan.js';
import { spatialConv, type SpatialConv, type SpatialLayout } from '../spatial.js';
import { transposeBytes, transposeFlops, type ConvTransposeProblem, type TransposeAxis } from './problem.js';
import type { ConvTransposeAlgorithm } from './types.js';

/**
 * The outputs first, first + step, ... along one dimension, which the taps firstTap, firstTap + step, ... alone reach:
 * they are an ordinary convolution of stride 1 with those taps in reverse order.
 */
export interface Phase {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  readonly firstTap: number;
  readonly taps: number;
  readonly dilation: number;
  readonly padBegin: number;
  readonly padEnd: number;
}

/** Each phase is a plan of its own; more than this are left to the kernel that gathers. */
const maxPhases = 16;

/**
 * One convolution for each combination of phases (sub-pixel decomposition: Shi et al., arXiv 1609.05158), each by the
 * algorithm that is best for it.
 */
export const phases: ConvTransposeAlgorithm = {
  name: 'phases',
  supports(problem, device, options) {
    if (problem.constantWeights === false) return 'the weights are not constant';
    const found = phasesOf(problem.axes);
    if (typeof found === 'string') return found;
    for (const phase of combinations(found)) {
      const { open, refused } = weighConv(phaseProblem(problem, phase), device, options);
      if (open.length === 0) return refused.map(({ algorithm, refusal }) => `${algorithm}: ${refusal}`).join('; ');
    }
    return true;
  },
  cost(problem, device, options) {
    return phasesFor(problem).reduce((seconds, phase) => {
      const { candidate } = best(weighConv(phaseProblem(problem, phase), device, options));
      return seconds + (candidate.measuredSeconds ?? candidate.predictedSeconds ?? 0);
    }, 0);
  },
  plan(problem, device, options) {
    const all = phasesFor(problem);
    return all.map((phase, i): Plan => {
      const { plan } = best(weighConv(phaseProblem(problem, phase), device, options));
      return {
        ...plan,
        algorithm: `phases ${plan.algorithm}`,
        packing: phasePacking(problem, phase, plan.packing),
        flops: i === 0 ? transposeFlops(problem) : 0,
        bytes: i === 0 ? transposeBytes(problem) : 0,
      };
    });
  },
};

/** The phases of every dimension, or why there are none. */
export function phasesOf(axes: readonly TransposeAxis[]): readonly (readonly Phase[])[] | string {
  const count = axes.reduce((product, { stride }) => product * stride, 1);
  if (count > maxPhases) return `strides give ${count} phases, more than ${maxPhases}`;
  const all = axes.map(axisPhases);
  const refusal = all.find((found) => typeof found === 'string');
  return refusal ?? (all as (readonly Phase[])[]);
}

function axisPhases({ input, output, kernel, stride: step, dilation, padBegin: pad }: TransposeAxis): Phase[] | string {
  if (step > 1 && dilation > 1) return 'a dimension has both a stride and a dilation';
  const found: Phase[] = [];
  for (let firstTap = 0; firstTap < step; firstTap++) {
    const start = Math.ceil((pad - firstTap) / step);
    const first = step * start + firstTap - pad;
    const count = Math.ceil((output - first) / step);
    if (count <= 0) continue;
    const taps = Math.ceil((kernel - firstTap) / step);
    if (taps <= 0) return 'no tap reaches some outputs';
    const reach = (taps - 1) * dilation;
    const padBegin = reach - start;
    const padEnd = count - input - padBegin + reach;
    if (input + Math.min(0, padBegin) + Math.min(0, padEnd) < 1) return 'a phase sees no input';
    found.push({ first, step, count, firstTap, taps, dilation, padBegin, padEnd });
  }
  return found;
}

function phasesFor(problem: ConvTransposeProblem): Phase[][] {
  const found = phasesOf(problem.axes);
  if (typeof found === 'string') throw new Error(found);
  return combinations(found);
}

function combinations(axes: readonly (readonly Phase[])[]): Phase[][] {
  return axes.reduce<Phase[][]>((all, own) => all.flatMap((head) => own.map((phase) => [...head, phase])), [[]]);
}

function phaseProblem(p: ConvTransposeProblem, phase: readonly Phase[]): ReturnType<typeof spatialConv> {
  const every = ({ offset, strides }: SpatialLayout): SpatialLayout => ({
    offset: phase.reduce((at, { first }, i) => at + first * strides[2 + i], offset),
    strides: strides.map((stride, i) => (i < 2 ? stride : stride * phase[i - 2].step)),
  });
  const conv: SpatialConv = {
    batch: p.batch,
    inChannels: p.inChannels,
    outChannels: p.outChannels,
    groups: p.groups,
    elementType: p.elementType,
    axes: phase.map(({ taps, dilation, padBegin, padEnd }, i) => ({
      input: p.axes[i].input,
      kernel: taps,
      stride: 1,
      dilation,
      padBegin,
      padEnd,
    })),
    input: p.input,
    output: every(p.output),
    epilogue: { ...p.epilogue, residual: p.epilogue.residual && every(p.epilogue.residual) },
  };
  return spatialConv(conv);
}

function phasePacking(p: ConvTransposeProblem, phase: readonly Phase[], inner?: WeightPacking): WeightPacking {
  const taps = phase.map(({ firstTap, step }) => `${firstTap}+${step}`).join(' ');
  const size = p.elementType === 'f16' ? 2 : 4;
  const count = phase.reduce((product, part) => product * part.taps, (p.inChannels * p.outChannels) / p.groups);
  return {
    key: `transposed ${p.groups} groups, taps ${taps} ${inner?.key ?? 'plain'}`,
    byteLength: inner?.byteLength ?? count * size,
    pack(values) {
      const own = phaseWeights(values, p, phase);
      if (inner) return inner.pack(own);
      return p.elementType === 'f16' ? toHalves(own) : own;
    },
  };
}

/** The taps of a phase out of [C, M / groups, kernel...], reversed, as [M, C / groups, taps...]. */
function phaseWeights(
  source: Float32Array,
  p: ConvTransposeProblem,
  phase: readonly Phase[],
): Float32Array<ArrayBuffer> {
  const groupIn = p.inChannels / p.groups;
  const groupOut = p.outChannels / p.groups;
  const taps = p.axes.reduce((product, { kernel }) => product * kernel, 1);
  const order = phase.reduce<number[]>(
    (all, { firstTap, step, taps: count }, i) =>
      all.flatMap((at) =>
        Array.from({ length: count }, (_, t) => at * p.axes[i].kernel + firstTap + (count - 1 - t) * step),
      ),
    [0],
  );
  const result = new Float32Array(p.outChannels * groupIn * order.length);
  let to = 0;
  for (let m = 0; m < p.outChannels; m++) {
    const firstIn = Math.floor(m / groupOut) * groupIn;
    for (let c = firstIn; c < firstIn + groupIn; c++) {
      const from = (c * groupOut + (m % groupOut)) * taps;
      for (const tap of order) result[to++] = source[from + tap];
    }
  }
  return result;
}
