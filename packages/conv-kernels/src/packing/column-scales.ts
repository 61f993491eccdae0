import { paddedColumns, type PackingMap } from './map.js';
import { powerOfTwoScale } from './split-halves.js';

/** What each column is multiplied by before it is split, [group][padded column]; 1 for columns that are padding. */
export function columnFactors(map: PackingMap, values: Float32Array): Float32Array {
  const { group, column } = map.source;
  const padded = paddedColumns(map);
  const factors = new Float32Array(group.size * padded).fill(1);
  for (let g = 0; g < group.size; g++) {
    for (let n = 0; n < column.size; n++) {
      const from = map.offset + g * group.stride + n * column.stride;
      factors[g * padded + n] = powerOfTwoScale(largestFinite(map, values, from));
    }
  }
  return factors;
}

/** The largest finite magnitude of the column that begins at `from`. */
function largestFinite({ source: { channel, tap } }: PackingMap, values: Float32Array, from: number): number {
  let most = 0;
  for (let c = 0; c < channel.size; c++) {
    for (let t = 0; t < tap.size; t++) {
      const value = Math.abs(values[from + c * channel.stride + t * tap.stride]);
      if (value > most && value < Infinity) most = value;
    }
  }
  return most;
}
