import { GpuTensor } from '../device/gpu-tensor.js';
import { asTesseraError, TesseraError } from '../errors.js';
import type { TypedGraph, TypedNode } from '../graph.js';
import { findOperator } from '../operators/index.js';
import type { EvaluateContext, RunContext, RunValue } from '../operators/types.js';
import { hostTensor } from '../passes/constants.js';
import { nodeContext } from '../passes/node-context.js';
import type { HostStep } from '../program/split.js';
import { isSequence, isTensor, type Tensor, type Value } from '../tensor.js';
import { GraphRunner, type GraphRunOptions } from './graph-runner.js';
import { residentOf, valueOf, type Resident } from './resident.js';
import type { Runtime } from './runtime.js';
import type { StagePlan } from './stage.js';

const defaultMaxIterations = 100_000;

/** Runs the host steps of a stage, one after another. */
export class HostRunner {
  readonly #bodies = new Map<TypedNode, ReadonlyMap<string, GraphRunner>>();

  constructor(
    readonly plan: StagePlan,
    readonly runtime: Runtime,
  ) {
    for (const { node } of plan.host) if (node.subgraphs) this.#bodies.set(node, bodiesOf(node, plan, runtime));
  }

  /** Adds to `values` what the steps make; tensors left on the device are added to `owned`. */
  async run(values: Map<string, Resident>, owned: Set<GpuTensor>, options: GraphRunOptions): Promise<void> {
    for (const step of this.plan.host) {
      const results = await this.#runStep(step, values, owned, options).catch((error: unknown) => {
        throw asTesseraError(error, step.node);
      });
      step.node.outputs.forEach((name, i) => {
        if (name === '') return;
        const result = results[i];
        if (result === undefined) {
          const message = `node "${step.node.name}" (${step.node.opType}) has no output ${i}`;
          throw new TesseraError('INVALID_MODEL', message, { node: step.node.name });
        }
        values.set(name, residentOf(result, this.plan.types.get(name)));
      });
    }
  }

  async #runStep(
    { node }: HostStep,
    values: ReadonlyMap<string, Resident>,
    owned: Set<GpuTensor>,
    options: GraphRunOptions,
  ): Promise<readonly RunValue[]> {
    const operator = findOperator(node.domain, node.opType, node.opset)!;
    const valueOf = (index: number) => this.#value(node.inputs[index] ?? '', values);
    const context = hostContext(node, valueOf);
    if (operator.evaluate && !operator.run) return operator.evaluate(context);
    const made = new Set<GpuTensor>();
    try {
      const results = await operator.run!(this.#runContext(node, context, valueOf, values, made, options));
      const kept = new Set(results);
      for (const tensor of made) if (kept.has(tensor) && made.delete(tensor)) owned.add(tensor);
      return results;
    } finally {
      for (const tensor of made) tensor.dispose();
    }
  }

  #runContext(
    node: TypedNode,
    context: EvaluateContext & Pick<RunContext, 'tensor' | 'sequence'>,
    value: (index: number) => RunValue | undefined,
    values: ReadonlyMap<string, Resident>,
    made: Set<GpuTensor>,
    options: GraphRunOptions,
  ): RunContext {
    return {
      ...context,
      value,
      outputType: (index) => this.plan.types.get(node.outputs[index] ?? ''),
      outputTypes: (attribute) => node.subgraphs?.graphs.get(attribute)?.outputTypes ?? [],
      fetch: async (each) => (each instanceof GpuTensor ? each.download() : each),
      subgraph: (attribute) => {
        const graph = node.subgraphs!.graphs.get(attribute)!;
        return { inputCount: graph.inputs.length, outputCount: graph.outputs.length };
      },
      runSubgraph: (attribute, inputs) => this.#runBody(node, attribute, inputs, values, made, options),
      release: (each) => {
        if (each instanceof GpuTensor && made.delete(each)) each.dispose();
      },
      maxIterations: this.runtime.options.maxIterations ?? defaultMaxIterations,
      signal: options.signal,
    };
  }

  async #runBody(
    node: TypedNode,
    attribute: string,
    inputs: readonly RunValue[],
    values: ReadonlyMap<string, Resident>,
    made: Set<GpuTensor>,
    options: GraphRunOptions,
  ): Promise<readonly RunValue[]> {
    const { captured, formalInputs, graphs } = node.subgraphs!;
    const runner = this.#bodies.get(node)!.get(attribute)!;
    const formal = graphs.get(attribute)!.inputs;
    const residents = new Map<string, Resident>();
    formal.forEach((name, i) => residents.set(name, residentOf(inputs[i])));
    captured.forEach((name, i) => {
      if (!runner.graph.inputs.includes(name)) return;
      const outer = node.inputs[formalInputs + i];
      residents.set(name, values.get(outer)!);
    });
    const { observer, signal } = options;
    const results = await runner.run(residents, { deliver: 'device', signal, observer });
    results.owned.forEach((tensor) => made.add(tensor));
    return graphs.get(attribute)!.outputs.map((name) => {
      const result = results.values.get(name) ?? residents.get(name);
      if (result) return result.device ?? valueOf(result);
      throw new TesseraError('INTERNAL', `output "${name}" of ${attribute} of node "${node.name}" was not made`);
    });
  }

  #value(name: string, values: ReadonlyMap<string, Resident>): RunValue | undefined {
    if (name === '') return undefined;
    const constant = this.plan.constants.get(name);
    if (constant) return hostTensor(constant);
    const resident = values.get(name);
    return resident && valueOf(resident);
  }
}

function hostContext(
  node: TypedNode,
  value: (index: number) => RunValue | undefined,
): EvaluateContext & Pick<RunContext, 'tensor' | 'sequence'> {
  const context = nodeContext(node);
  const hostValue = (index: number): Value | undefined => {
    const found = value(index);
    if (found instanceof GpuTensor) throw new TesseraError('INTERNAL', `input ${index} of "${node.name}" is not read`);
    return found;
  };
  const optional = (index: number): Tensor | undefined => {
    const found = hostValue(index);
    if (found === undefined) return undefined;
    return isTensor(found) ? found : context.fail(`input ${index} must be a tensor; it is ${kindOf(found)}`);
  };
  const input = (index: number) => optional(index) ?? context.fail(`input ${index} is missing`);
  return {
    ...context,
    input,
    optional,
    tensor: input,
    sequence: (index) => {
      const found = hostValue(index) ?? context.fail(`input ${index} is missing`);
      return isSequence(found) ? found : context.fail(`input ${index} must be a sequence; it is ${kindOf(found)}`);
    },
  };
}

function kindOf(value: Value): string {
  if (value === null) return 'an empty optional';
  return isSequence(value) ? 'a sequence' : 'a tensor';
}

/** A runner for each graph of a node; what they capture of constants they take as constants. */
function bodiesOf(node: TypedNode, plan: StagePlan, runtime: Runtime): ReadonlyMap<string, GraphRunner> {
  const { captured, formalInputs, graphs } = node.subgraphs!;
  const outer = new Map(captured.map((name, i) => [name, node.inputs[formalInputs + i]]));
  const runners = [...graphs].map(([attribute, graph]): [string, GraphRunner] => {
    const constants = new Map(graph.constants);
    const inputs = [...graph.inputs];
    const used = new Set([...graph.nodes.flatMap((each) => each.inputs), ...graph.outputs]);
    for (const [name, source] of outer) {
      if (!used.has(name)) continue;
      const constant = plan.constants.get(source);
      if (constant) constants.set(name, constant);
      else inputs.push(name);
    }
    const typed: TypedGraph = { nodes: graph.nodes, inputs, outputs: graph.outputs, constants, types: new Map() };
    return [attribute, new GraphRunner(typed, runtime, { unknownValues: 'evaluate', keepAll: false })];
  });
  return new Map(runners);
}
