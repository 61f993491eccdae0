import { range } from './fetch.js';
import { lanesPerVector, matrixTypes, stageLayout, type MatrixShape } from './shape.js';

/**
 * The products of one staged slice. Successive ones go to different sums. With split operands those of a high and a low
 * half have sums of their own, some 2^11 times smaller, so that adding them costs the large sums no rounding.
 */
export function productCode(shape: MatrixShape, stage: number): string {
  const { tile, units } = shape;
  const { left, right } = matrixTypes(shape);
  const layout = stageLayout(tile, units);
  const each = lanesPerVector(units);
  const rows = range(tile.subgroupRows / units.m);
  const columns = range(tile.subgroupColumns / units.n);
  const first = stage * layout.size;
  const isSplit = units.parts === 2;
  const load = (type: string, start: string, offset: number, stride: number): string =>
    `subgroupMatrixLoad<${type}, row_major>(&stage, ${start} + ${offset}u, ${stride}u)`;
  const loadLeft = (offset: number): string => load(left, 'left_at', offset, layout.inputStride);
  const loadRight = (from: string, offset: number): string => load(right, from, offset, layout.weightStride);
  const add = (sum: string, l: string, r: string): string =>
    `${sum} = subgroupMatrixMultiplyAccumulate(${l}, ${r}, ${sum});`;
  const lines = [
    `let left_at = sub_row * ${layout.inputStride}u;`,
    `let right_at = sub_column >> ${Math.log2(each)}u;`,
    isSplit ? `let cross_at = right_at + select(${layout.weightPart}u, 0u, mode == 2u);` : '',
  ];
  for (const s of range(tile.depth / units.k)) {
    const from = (s * units.k) / each;
    for (const i of rows) {
      const offset = first + i * units.m * layout.inputStride + from;
      lines.push(`let l_${s}_${i} = ${loadLeft(offset)};`);
      if (isSplit) lines.push(`let ll_${s}_${i} = ${loadLeft(offset + layout.inputPart)};`);
    }
    for (const j of columns) {
      const inside = s * units.k * layout.weightStride + (j * units.n) / each;
      const offset = first + layout.weights + inside;
      lines.push(`let r_${s}_${j} = ${loadRight('right_at', offset)};`);
      if (isSplit) {
        lines.push(`let rl_${s}_${j} = ${loadRight('cross_at', offset)};`);
        lines.push(...rows.map((i) => add(`small_sum_${i}_${j}`, `ll_${s}_${i}`, `r_${s}_${j}`)));
      }
      lines.push(...rows.map((i) => add(`sum_${i}_${j}`, `l_${s}_${i}`, `r_${s}_${j}`)));
      if (isSplit) lines.push(...rows.map((i) => add(`small_sum_${i}_${j}`, `l_${s}_${i}`, `rl_${s}_${j}`)));
    }
  }
  return `{\n${lines.filter(Boolean).join('\n')}\n}`;
}
