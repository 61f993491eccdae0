import type { MemoryPlan } from './plan-memory.js';
import type { Operand } from '../operators/types.js';
import type { Program, ProgramInput, ProgramOutput } from './types.js';

/** The programs of a run's stages as one, for reports: steps in order, buffers side by side. */
export function joinPrograms(programs: readonly Program[]): Program {
  if (programs.length === 1) return programs[0];
  const none: Program = { nodes: [], choices: [], steps: [], buffers: [], inputs: [], outputs: [] };
  return programs.reduce((joined, program) => {
    const [node, step, buffer] = [joined.nodes.length, joined.steps.length, joined.buffers.length];
    const moved = (operand: Operand): Operand => ({ ...operand, buffer: operand.buffer + buffer });
    const inputs = program.inputs.map((input): ProgramInput => ({
      ...input,
      buffer: input.buffer + buffer,
      operand: moved(input.operand),
      conversion: input.conversion === undefined ? undefined : input.conversion + step,
    }));
    const steps = program.steps.map((each) => ({
      ...each,
      node: each.node + node,
      buffers: each.buffers.map((slot) => slot + buffer),
    }));
    const outputs = program.outputs.map((output): ProgramOutput =>
      'operand' in output ? { ...output, operand: moved(output.operand) } : output,
    );
    return {
      nodes: [...joined.nodes, ...program.nodes],
      choices: [...joined.choices, ...program.choices.map((each) => ({ ...each, node: each.node + node }))],
      steps: [...joined.steps, ...steps],
      buffers: [...joined.buffers, ...program.buffers],
      inputs: [...joined.inputs, ...inputs],
      outputs: [...joined.outputs, ...outputs],
    };
  }, none);
}

/** The memory of programs that stand side by side; a weight that several use counts once. */
export function joinPlans(parts: readonly { readonly program: Program; readonly plan: MemoryPlan }[]): MemoryPlan {
  const weights = new Map<string, number>();
  for (const { program } of parts) {
    for (const { weight } of program.buffers) if (weight) weights.set(weight.key, weight.byteLength);
  }
  const allocations: number[] = [];
  const placement = parts.flatMap(({ plan }) => {
    const first = allocations.length;
    allocations.push(...plan.allocations);
    return plan.placement.map((place) => (place === undefined ? undefined : place + first));
  });
  const sum = (key: 'activationBytes' | 'inputBytes') => parts.reduce((total, { plan }) => total + plan[key], 0);
  return {
    allocations,
    placement,
    activationBytes: sum('activationBytes'),
    inputBytes: sum('inputBytes'),
    weightBytes: [...weights.values()].reduce((total, bytes) => total + bytes, 0),
  };
}
