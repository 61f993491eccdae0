import type { LayerReport, MemoryReport, MemoryTenant, NodePlacement } from './api.js';
import type { StagePlan } from './execution/stage.js';
import type { TypedNode } from './graph.js';
import { lifetimes, type MemoryPlan } from './program/plan-memory.js';
import type { Program } from './program/types.js';

/** The nodes of a program that dispatch, in order, and which of them each step belongs to. */
export function layersOf(program: Program): { layers: LayerReport[]; layerOfStep: number[] } {
  const layers: LayerReport[] = [];
  const indices = new Map<number, number>();
  const layerOfStep = program.steps.map((step) => {
    const index = indices.get(step.node) ?? layers.length;
    indices.set(step.node, index);
    const known: LayerReport | undefined = layers[index];
    const algorithms = new Set([...(known?.algorithm.split(' + ') ?? []), step.algorithm]);
    layers[index] = {
      ...program.nodes[step.node],
      algorithm: [...algorithms].join(' + '),
      dispatches: (known?.dispatches ?? 0) + 1,
      flops: (known?.flops ?? 0) + step.flops,
      bytes: (known?.bytes ?? 0) + step.bytes,
    };
    return index;
  });
  return { layers, layerOfStep };
}

/** What lies in each allocation, and when. */
export function memoryReport(program: Program, plan: MemoryPlan): MemoryReport {
  const { layerOfStep } = layersOf(program);
  const tenants: MemoryTenant[][] = plan.allocations.map(() => []);
  const liveBytes = program.steps.map(() => 0);
  const end = program.steps.length - 1;
  for (const { slot, first, last } of lifetimes(program)) {
    const place = plan.placement[slot];
    if (place === undefined) continue;
    const bytes = program.buffers[slot].byteLength;
    const tenant = { layer: layerOfStep[first] ?? layerOfStep.length, bytes, first, last: Math.min(last, end) };
    tenants[place].push(tenant);
    for (let step = tenant.first; step <= tenant.last; step++) liveBytes[step] += bytes;
  }
  return {
    weightBytes: plan.weightBytes,
    inputBytes: plan.inputBytes,
    activationBytes: plan.activationBytes,
    steps: program.steps.length,
    allocations: plan.allocations.map((bytes, i) => ({ bytes, tenants: tenants[i] })),
    liveBytes,
  };
}

type Place = Pick<NodePlacement, 'where' | 'reason'>;

const folded: Place = { where: 'folded', reason: 'its result is known before the run, or not needed' };
const open: Place = { where: 'open', reason: 'values that only a run tells decide' };

/** Where each of the file's nodes ran in these stages. A node that ran in several ways is listed as it ran last. */
export function placementsOf(nodes: readonly TypedNode[], stages: readonly StagePlan[]): readonly NodePlacement[] {
  const places = new Map<string, Place>();
  const put = ({ origins }: TypedNode, place: Place) => origins.forEach((name) => places.set(name, place));
  for (const { segment, host, rest } of stages) {
    rest?.nodes.forEach((node) => put(node, open));
    segment?.nodes.forEach((node) => put(node, { where: 'gpu', reason: kernelReason(node) }));
    host.forEach(({ node, reason }) => put(node, { where: 'cpu', reason }));
  }
  return nodes.map(({ name, opType }) => ({ name, opType, ...(places.get(name) ?? folded) }));
}

function kernelReason({ opType, origins }: TypedNode): string {
  return origins.length > 1 ? `part of a ${opType} with ${origins.length - 1} more` : 'the operator has a kernel';
}
