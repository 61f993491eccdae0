import type { TypedNode } from '../graph.js';
import { countNonFiniteEmission } from '../kernels/count-nonfinite.js';
import type { Operand } from '../operators/types.js';
import type { ProgramBuilder } from './builder.js';
import type { ProgramChecks, ProgramValue } from './types.js';

/** Lets a program count what is not finite after each node, in one buffer. */
export class FiniteChecks {
  readonly #counts: Operand;
  readonly #seen = new Set<string>();
  readonly #nodes: number[] = [];

  constructor(readonly builder: ProgramBuilder) {
    const most = builder.graph.nodes.reduce((sum, node) => sum + node.outputs.length, 0);
    this.#counts = builder.allocate({ dataType: 'uint32', shape: [Math.max(1, most)] }, 'activation');
  }

  /** Checks the floating-point outputs of the node lowered last, but for views of what was checked before. */
  add(node: TypedNode): void {
    const { builder } = this;
    for (const name of node.outputs) {
      const operand = builder.operands.get(name);
      if (!operand || (operand.elementType !== 'f32' && operand.elementType !== 'f16')) continue;
      const place = `${operand.buffer} ${operand.offset} ${operand.shape.join()}`;
      if (builder.buffers[operand.buffer].kind !== 'activation' || this.#seen.has(place)) continue;
      this.#seen.add(place);
      builder.emit(countNonFiniteEmission(operand, this.#counts, this.#nodes.length, builder.options.profile));
      this.#nodes.push(builder.node);
    }
  }

  finish(): ProgramChecks | undefined {
    const dims = this.#counts.shape;
    const counts: ProgramValue = { name: 'counts', dataType: 'uint32', dims, operand: this.#counts };
    return this.#nodes.length > 0 ? { counts, nodes: this.#nodes } : undefined;
  }
}
