import { TesseraError } from '../errors.js';
import type { Constant, TypedGraph, TypedNode } from '../graph.js';
import { findOperator } from '../operators/index.js';
import type { LowerContext } from '../operators/types.js';
import { elementCount, hostTensor } from '../passes/constants.js';
import { nodeContext } from '../passes/node-context.js';
import { ProgramBuilder, type LowerOptions } from './builder.js';
import { FiniteChecks } from './finite-checks.js';
import { layoutOf } from './layout.js';
import { constantWeight, packedWeight, tableWeight } from './weights.js';
import { wireType } from './storage.js';
import type { Program, ProgramInput, ProgramOutput } from './types.js';

function lowerContext(builder: ProgramBuilder, node: TypedNode): LowerContext {
  const { graph, options } = builder;
  const { only, nodes, forbid } = options.algorithms;
  const forced = nodes?.[node.name];
  const everywhere = { only, forbid, strict: options.strict, tuning: options.tuning };
  const constantOf = (index: number): Constant | undefined => graph.constants.get(node.inputs[index] ?? '');
  const requireConstant = (index: number): Constant => {
    const constant = constantOf(index);
    if (!constant) throw new TesseraError('INTERNAL', `input ${index} of node "${node.name}" is not constant`);
    return constant;
  };
  return {
    ...nodeContext(node),
    profile: options.profile,
    floatType: options.floatType,
    algorithms: { ...everywhere, only: forced ?? only },
    input: (index) => builder.operand(node.inputs[index]),
    type: (index) => builder.concreteType(node.inputs[index]),
    outputType: (index) => builder.concreteType(node.outputs[index]),
    constant: (index) => {
      const constant = constantOf(index);
      return constant && hostTensor(constant);
    },
    isConstant: (index) => constantOf(index) !== undefined,
    constantSlice: (index, first, dims) => {
      const constant = requireConstant(index);
      const elementType = builder.storage(constant.tensor.dataType);
      const weight = constantWeight(node.inputs[index], constant, elementType, { first, count: elementCount(dims) });
      return builder.weight(weight, { dataType: constant.tensor.dataType, shape: dims }, elementType);
    },
    weight: (request) => {
      const constant = requireConstant(request.input);
      const weight = packedWeight(node.inputs[request.input], constant, request);
      return builder.weight(weight, { dataType: constant.tensor.dataType, shape: request.dims }, request.elementType);
    },
    table: (key, elementType, data) =>
      builder.weight(tableWeight(key, data), { dataType: 'float32', shape: [data.length] }, elementType),
    layoutOf,
    withLayout: (operand, layout) => builder.withLayout(operand, layout),
    allocate: (type, layout) => builder.allocate(type, 'activation', layout),
    allocateResult: (index) => builder.allocateResult(node.outputs[index]),
    allocateOutput: (index, layout) => builder.allocateOutput(node, node.outputs[index], layout),
    concatenation: (layout) => builder.concatenation(node, layout),
    scratch: (byteLength) => builder.scratch(byteLength),
    choose: (choice) => void builder.choices.push({ node: builder.node, choice, options: everywhere, forced }),
    planOnce: (key, plan) => {
      const known = builder.plans.get(key) ?? plan();
      builder.plans.set(key, known);
      return known;
    },
    emit: (emission) => builder.emit(emission),
    defer: (work) => builder.defer(work),
    deferred: ({ buffer }) => {
      const pending = builder.deferred.get(buffer);
      return pending && !builder.isReadAfter(node, buffer) ? pending.work : undefined;
    },
    absorb: (work) => builder.absorb(work),
    output: (index, operand) => void builder.operands.set(node.outputs[index], operand),
  };
}

function lowerNode(builder: ProgramBuilder, node: TypedNode): void {
  const operator = findOperator(node.domain, node.opType, node.opset);
  const outputs = node.outputs.filter((name) => name !== '');
  const { name, opType, origins } = node;
  builder.addNode({ name, opType, origins, outputs, shape: builder.concreteType(outputs[0]).shape });
  if (!operator?.lower) {
    throw new TesseraError(
      'UNSUPPORTED_OPERATOR',
      `node "${node.name}" (${node.opType}) depends on the inputs' values and has no GPU kernel`,
      {
        node: node.name,
      },
    );
  }
  operator.lower(lowerContext(builder, node));
}

function lowerOutput(builder: ProgramBuilder, name: string): ProgramOutput {
  const constant = builder.graph.constants.get(name);
  if (constant) return { name, constant: hostTensor(constant) };
  const { dataType, shape } = builder.concreteType(name);
  return { name, dataType, dims: shape, operand: builder.readable(builder.operand(name)) };
}

/** An input's buffer, and its values as the nodes read them: converted on the GPU where it crosses as something else. */
function lowerInput(builder: ProgramBuilder, name: string): ProgramInput {
  const { dataType, shape } = builder.concreteType(name);
  const elementType = builder.storage(dataType);
  const wire = wireType(dataType, elementType);
  builder.addNode({ name, opType: 'Input', shape, origins: [], outputs: [name] });
  return { name, dataType, dims: shape, wire, ...builder.receive(name, { dataType, shape }, wire) };
}

/**
 * Turns a graph whose shapes are all numbers into a program: every node's dispatches in order, the buffers they use,
 * and the weights to upload.
 */
export function lower(graph: TypedGraph, options: LowerOptions): Program {
  const builder = new ProgramBuilder(graph, options);
  const inputs = graph.inputs.map((name) => lowerInput(builder, name));
  const checks = options.checkFinite ? new FiniteChecks(builder) : undefined;
  for (const node of graph.nodes) {
    lowerNode(builder, node);
    checks?.add(node);
  }
  builder.addNode({ name: 'outputs', opType: 'Copy', origins: [], outputs: [], shape: [] });
  const outputs = graph.outputs.map((name) => lowerOutput(builder, name));
  return {
    nodes: builder.nodes,
    choices: builder.choices,
    steps: builder.steps,
    buffers: builder.buffers,
    inputs: inputs.map((input) => builder.received(input)),
    outputs,
    checks: checks?.finish(),
  };
}
