import { median } from '../measure.js';

/** Of times in milliseconds, in trtexec's terms. */
export interface Summary {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly median: number;
  /** By percentage: '90' holds the 90th percentile, by nearest rank. */
  readonly percentiles: Readonly<Record<string, number>>;
  /** Coefficient of variation: standard deviation over mean; 0 of one value. */
  readonly cv: number;
}

export function summarize(values: readonly number[], percentiles: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const variance = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length;
  const rank = (percentage: number) => sorted[Math.max(0, Math.ceil((percentage / 100) * sorted.length) - 1)];
  return {
    min: sorted[0],
    max: sorted[sorted.length - 1],
    mean,
    median: median(sorted),
    percentiles: Object.fromEntries(percentiles.map((percentage) => [String(percentage), rank(percentage)])),
    cv: mean > 0 ? Math.sqrt(variance) / mean : 0,
  };
}
