import { convBytes, convFlops } from '../geometry.js';
import { implicitConv, type GroupedLayout, type ImplicitGemm } from '../implicit.js';
import type { Plan } from '../plan.js';
import type { ConvProblem } from '../problem.js';
import { implicitCost, implicitLimit, implicitVariants, planImplicit } from './implicit-gemm.js';
import type { ConvAlgorithm } from './types.js';

/**
 * A convolution of one tap as a plain matrix product: where the layouts allow, its rows are those of one matrix,
 * without images or lines; with a stride they are gathered.
 */
export const pointwise: ConvAlgorithm = {
  name: 'pointwise',
  supports(problem, device) {
    const p = implicitConv(problem);
    if (p.taps !== 1) return 'the kernel has more than one tap';
    if (p.padded) return 'there is padding';
    return implicitLimit(flattened(p), device, isConstant(problem)) ?? true;
  },
  cost: (problem, device) => implicitCost(flattened(implicitConv(problem)), device, convBytes(problem)),
  plan(problem, device) {
    const planned = planImplicit(flattened(implicitConv(problem)), device, isConstant(problem));
    if (typeof planned === 'string') throw new Error(planned);
    return { algorithm: 'pointwise', ...planned, flops: convFlops(problem), bytes: convBytes(problem) };
  },
  variants(problem, device) {
    const p = flattened(implicitConv(problem));
    const all = implicitVariants(p, device, isConstant(problem), convFlops(problem), convBytes(problem));
    return all.map((variant) => ({ ...variant, plan: (): Plan => ({ ...variant.plan(), algorithm: 'pointwise' }) }));
  },
};

function isConstant({ constantWeights = true }: ConvProblem): boolean {
  return constantWeights;
}

/** The same with all pixels of an image, and all images, in one line, as far as strides allow. */
export function flattened(p: ImplicitGemm): ImplicitGemm {
  const { inHeight: height, inWidth: width, batch } = p;
  const isWhole = p.strideHeight === 1 && p.strideWidth === 1 && p.outHeight === height && p.outWidth === width;
  const layouts = [p.input, p.output, ...(p.residual ? [p.residual] : [])];
  if (!isWhole || p.volume || !layouts.every(({ x, y }) => height === 1 || width === 1 || y === width * x)) return p;
  const step = ({ x, y }: GroupedLayout): number => (width > 1 ? x : y);
  const pixels = height * width;
  const joins = batch === 1 || pixels === 1 || layouts.every((layout) => layout.n === pixels * step(layout));
  const line = (layout: GroupedLayout): GroupedLayout => ({
    ...layout,
    n: joins ? 0 : layout.n,
    y: 0,
    x: pixels > 1 ? step(layout) : joins ? layout.n : 0,
  });
  const length = joins ? batch * pixels : pixels;
  return {
    ...p,
    batch: joins ? 1 : batch,
    inHeight: 1,
    outHeight: 1,
    inWidth: length,
    outWidth: length,
    input: line(p.input),
    output: line(p.output),
    residual: p.residual && line(p.residual),
  };
}
