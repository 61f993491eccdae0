import type { Tensor } from '@tessera/runtime';
import { numericValues } from '../inputs/values.js';

/** Of a tensor's elements; min, max, mean and std (of the whole population) are over the finite ones, null without any. */
export interface Statistics {
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  readonly nan: number;
  readonly inf: number;
}

/** Undefined for types without plain numbers, such as strings. The variance is Welford's running one. */
export function statisticsOf(tensor: Tensor): Statistics | undefined {
  const values = numericValues(tensor);
  if (values === undefined) return undefined;
  let [min, max, mean, squares] = [Infinity, -Infinity, 0, 0];
  let [finite, nan, inf] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (Number.isNaN(value)) nan++;
    else if (!Number.isFinite(value)) inf++;
    else {
      finite++;
      if (value < min) min = value;
      if (value > max) max = value;
      const off = value - mean;
      mean += off / finite;
      squares += off * (value - mean);
    }
  }
  if (finite === 0) return { min: null, max: null, mean: null, std: null, nan, inf };
  return { min, max, mean, std: Math.sqrt(squares / finite), nan, inf };
}
