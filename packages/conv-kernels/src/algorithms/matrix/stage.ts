import { range, stagings, tested, type InputLoads } from './fetch.js';
import { lanesPerVector, stageLayout, type MatrixShape } from './shape.js';

/** Registers into workgroup memory. */
export function stageCode(shape: MatrixShape, loads: InputLoads): string {
  const { tile, units } = shape;
  const layout = stageLayout(tile, units);
  const { input, weights } = stagings(shape);
  const across = tile.columns / lanesPerVector(units);
  const lines = [`let in_to = in_row * ${layout.inputStride}u + in_unit;`];
  for (const i of range(input.count)) {
    const to = (part: number): string => `in_to + ${i * input.step * layout.inputStride + part * layout.inputPart}u`;
    const store =
      units.parts === 1 ? `stage[${to(0)}] = ${wholeVector(loads, i)};` : splitInput(i, to(0), to(1)).join('\n');
    lines.push(tested(input, i, store));
  }
  lines.push(`let w_to = local_index / ${across}u * ${layout.weightStride}u + local_index % ${across}u;`);
  for (const part of range(units.parts)) {
    for (const j of range(weights.count)) {
      const to = layout.weights + part * layout.weightPart + j * weights.step * layout.weightStride;
      lines.push(tested(weights, j, `stage[w_to + ${to}u] = w_${part * weights.count + j};`));
    }
  }
  return `{\n${lines.join('\n')}\n}`;
}

function wholeVector(loads: InputLoads, i: number): string {
  if (loads.count === 2) return `vec4u(in_${i}_0, in_${i}_1)`;
  return loads.type === 'vec4<u32>' ? `in_${i}_0` : `bitcast<vec4u>(in_${i}_0)`;
}

function splitInput(i: number, high: string, low: string): string[] {
  return [
    ...[0, 1].flatMap((l) => [
      `let kept_${i}_${l} = kept(in_${i}_${l}, mode);`,
      `peak = max(peak, abs(kept_${i}_${l}));`,
      `let halves_${i}_${l} = halves(kept_${i}_${l}, scale, mode);`,
    ]),
    `stage[${high}] = vec4u(halves_${i}_0.high, halves_${i}_1.high);`,
    `stage[${low}] = vec4u(halves_${i}_0.low, halves_${i}_1.low);`,
  ];
}
