import { range, stagingCounts, type InputLoads } from './fetch.js';
import { lanesPerVector, matrixThreads, stageLayout, type MatrixShape } from './shape.js';

/** Registers into workgroup memory. */
export function stageCode(shape: MatrixShape, loads: InputLoads): string {
  const { tile, units } = shape;
  const layout = stageLayout(tile, units);
  const counts = stagingCounts(shape);
  const threads = matrixThreads(tile, units);
  const each = lanesPerVector(units);
  const inputStep = (threads / (tile.depth / each)) * layout.inputStride;
  const weightStep = (threads / (tile.columns / each)) * layout.weightStride;
  const lines = [`let in_to = in_row * ${layout.inputStride}u + in_unit;`];
  for (const i of range(counts.input)) {
    const to = (part: number): string => `in_to + ${i * inputStep + part * layout.inputPart}u`;
    if (units.parts === 1) lines.push(`stage[${to(0)}] = ${wholeVector(loads, i)};`);
    else lines.push(...splitInput(i, to(0), to(1)));
  }
  lines.push(`let w_to = w_row * ${layout.weightStride}u + w_unit;`);
  for (const part of range(units.parts)) {
    for (const j of range(counts.weights)) {
      const to = layout.weights + part * layout.weightPart + j * weightStep;
      lines.push(`stage[w_to + ${to}u] = w_${part * counts.weights + j};`);
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
