import type { DeviceProfile } from '@tessera/conv-kernels';
import type { Model, ValueInfo } from '@tessera/onnx-loader';
import type { Precision, ValueMetadata } from '../api.js';
import { checkSizes, symbolsOf } from '../bind-sizes.js';
import { asTesseraError } from '../errors.js';
import { planStage, type StagePlan } from '../execution/stage.js';
import type { TypedGraph, TypedNode, ValueType } from '../graph.js';
import { findOperator } from '../operators/index.js';
import { elementCount } from '../passes/constants.js';
import { importModel } from '../passes/import-model.js';
import { specialize, understand } from '../passes/index.js';
import { propagateLeniently } from '../passes/propagate.js';
import { lower } from '../program/lower.js';
import { planMemory } from '../program/plan-memory.js';
import { layersOf, memoryReport } from '../report.js';
import { multiplyAdds } from './macs.js';
import type { InspectOptions, ModelInspection, ModelPlan, NodeInspection, OperatorCount } from './types.js';

/** An adapter with no more than WebGPU promises everywhere. */
export const plainProfile: DeviceProfile = {
  vendor: '',
  architecture: '',
  description: '',
  isSoftware: false,
  hasF16: false,
  hasSubgroups: false,
  subgroupMinSize: 0,
  subgroupMaxSize: 0,
  hasSubgroupSizeControl: false,
  subgroupMatrixConfigs: [],
  maxInvocationsPerWorkgroup: 256,
  maxWorkgroupSizeX: 256,
  maxWorkgroupSizeY: 256,
  maxWorkgroupSizeZ: 64,
  maxWorkgroupsPerDimension: 65_535,
  maxWorkgroupStorage: 16_384,
  maxStorageBinding: 128 * 1024 ** 2,
  maxStorageBuffers: 8,
  minStorageOffsetAlignment: 256,
};

/** Describes a model, as it would run on a device of this profile. */
export function inspectOn(model: Model, profile: DeviceProfile, options: InspectOptions = {}): ModelInspection {
  const graph = importModel(model);
  const given = checkSizes(graph, options.dims ?? {});
  const sizes = new Map(symbolsOf(graph).map((symbol) => [symbol, given.get(symbol) ?? 1]));
  const { types, problems } = propagateLeniently(graph, sizes, statedTypes(model, sizes));
  const shapeOf = (value: string) => {
    const shape = types.get(value)?.shape;
    return shape?.every((dim) => typeof dim === 'number') ? (shape as readonly number[]) : undefined;
  };
  const nodes = graph.nodes.map((node) => inspectNode(node, types, shapeOf, problems));
  const initializers = [...model.graph.initializers.values()];
  return {
    irVersion: model.irVersion,
    opsets: Object.fromEntries([...model.opsetImports].map(([domain, version]) => [domain || 'ai.onnx', version])),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    inputs: model.graph.inputs.map(metadata),
    outputs: model.graph.outputs.map(metadata),
    dims: Object.fromEntries(sizes),
    parameters: initializers.reduce((sum, tensor) => sum + elementCount(tensor.dims), 0),
    parameterBytes: initializers.reduce((sum, tensor) => sum + tensor.bytes.byteLength, 0),
    macs: nodes.reduce((sum, node) => sum + (node.macs ?? 0), 0),
    uncounted: nodes.filter((node) => node.macs === undefined).length,
    operators: countOperators(graph, nodes),
    nodes,
    ...planOn(model, profile, sizes, options.precision ?? 'fp32'),
  };
}

function metadata({ name, type }: ValueInfo): ValueMetadata {
  if (type?.kind !== 'tensor' && type?.kind !== 'sparse_tensor') return { name, dataType: 'float32' };
  return { name, dataType: type.dataType, dims: type.dims?.map((dim, axis) => dim ?? `${name}_dim${axis}`) };
}

/** What the file says of its inner values and outputs, with the sizes of the symbols put in. */
function statedTypes(model: Model, sizes: ReadonlyMap<string, number>): Map<string, ValueType> {
  const values = [...model.graph.valueInfo.values(), ...model.graph.outputs];
  const entries = values.flatMap(({ name, type }): [string, ValueType][] => {
    if (type?.kind !== 'tensor') return [];
    const size = (dim: number | string | null, axis: number) =>
      typeof dim === 'number' ? dim : (sizes.get(dim ?? '') ?? dim ?? `${name}_dim${axis}`);
    return [[name, { dataType: type.dataType, shape: type.dims?.map(size) }]];
  });
  return new Map(entries);
}

function inspectNode(
  node: TypedNode,
  types: ReadonlyMap<string, ValueType>,
  shapeOf: (value: string) => readonly number[] | undefined,
  problems: ReadonlyMap<TypedNode, string>,
): NodeInspection {
  const { name, opType, domain } = node;
  const outputs = node.outputs
    .filter((output) => output !== '')
    .map((output) => ({ name: output, ...types.get(output) }));
  const problem = problems.get(node);
  return { name, opType, domain, inputs: node.inputs, outputs, macs: multiplyAdds(node, shapeOf), problem };
}

function countOperators(graph: TypedGraph, nodes: readonly NodeInspection[]): OperatorCount[] {
  const counts = new Map<string, OperatorCount>();
  graph.nodes.forEach(({ opType, domain, opset }, i) => {
    const key = `${domain}.${opType}`;
    const known = counts.get(key);
    const isKnown = findOperator(domain, opType, opset) !== undefined;
    const macs = (known?.macs ?? 0) + (nodes[i].macs ?? 0);
    counts.set(key, { opType, domain, count: (known?.count ?? 0) + 1, macs, isKnown });
  });
  return [...counts.values()].sort((a, b) => b.count - a.count || a.opType.localeCompare(b.opType));
}

/** Plans the model as a session would, or says why it is no single program. */
function planOn(
  model: Model,
  profile: DeviceProfile,
  sizes: ReadonlyMap<string, number>,
  precision: Precision,
): Pick<ModelInspection, 'plan' | 'staged' | 'refusal'> {
  try {
    const graph = specialize(understand(model), sizes);
    const inputs = graph.inputs.map((name) => [name, { type: graph.types.get(name)!, isOnHost: true }] as const);
    const options = { unknownValues: 'specialize', keepAll: false } as const;
    const stage = planStage(graph, new Map(inputs), new Set(), options);
    if (!stage?.isWhole) return { staged: whyStaged(stage) };
    return { plan: planProgram(stage.segment!, profile, precision) };
  } catch (error) {
    const known = asTesseraError(error);
    if (known instanceof Error && known.name === 'TesseraError') return { refusal: known.message };
    throw error;
  }
}

function planProgram(graph: TypedGraph, profile: DeviceProfile, precision: Precision): ModelPlan {
  const program = lower(graph, { profile, floatType: precision === 'fp16' ? 'f16' : 'f32', algorithms: {} });
  const { layers } = layersOf(program);
  const pipelines = new Set(program.steps.map(({ kernel }) => kernel.code)).size;
  const memory = memoryReport(program, planMemory(program));
  return { layers, memory, dispatches: program.steps.length, pipelines };
}

function whyStaged(stage: StagePlan | undefined): string {
  if (!stage) return 'values of the inputs decide shapes';
  const [step] = stage.host.filter(({ isShapeArithmetic }) => !isShapeArithmetic);
  if (step) return `node "${step.node.name}" (${step.node.opType}) runs on the host: ${step.reason}`;
  return 'values that only a run tells decide shapes';
}
