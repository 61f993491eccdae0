import { explainConv, type Ceilings, type DeviceProfile } from '@tessera/conv-kernels';
import type { Rung } from './measure.js';
import { layerNamed, layerProblem } from './sets.js';

/** What a record says of a layer: of every candidate what it took. */
export interface RecordedLayer {
  readonly layer: string;
  readonly batch: number;
  readonly elementType: 'f32' | 'f16';
  readonly rungs: readonly Omit<Rung, 'predictedSeconds'>[];
}

/** A file of recorded layers, and what the device was measured to do at most. */
export interface TimedRecord {
  readonly ceilings: Ceilings;
  readonly layers: readonly RecordedLayer[];
}

/** What today's chooser makes of a recorded layer. */
export interface ReplayedLayer {
  readonly layer: string;
  readonly batch: number;
  readonly elementType: 'f32' | 'f16';
  /** The candidate with the least predicted seconds of those that were timed. */
  readonly pick: Rung;
  /** The one that took the least. */
  readonly best: Rung;
}

/**
 * Lets the chooser pick among the candidates of a record, without running any. Throws an error for a layer that no set
 * has; a layer of which no candidate is known today is left out.
 */
export function replay(layers: readonly RecordedLayer[], device: DeviceProfile): readonly ReplayedLayer[] {
  return layers.flatMap(({ layer, batch, elementType, rungs }) => {
    const open = explainConv(layerProblem(layerNamed(layer), batch, elementType), device).filter((c) => !c.refusal);
    const known = open.flatMap(({ algorithm, variant, predictedSeconds = Infinity }): Rung[] => {
      const timed = rungs.find((r) => r.algorithm === algorithm && (variant === undefined || r.variant === variant));
      return timed ? [{ ...timed, predictedSeconds }] : [];
    });
    if (known.length === 0) return [];
    const pick = known.reduce((a, b) => (b.predictedSeconds < a.predictedSeconds ? b : a));
    const best = known.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    return [{ layer, batch, elementType, pick, best }];
  });
}

/** How many of them are within `factor` of the best. */
export function within(layers: readonly ReplayedLayer[], factor: number): number {
  return layers.filter(({ pick, best }) => pick.seconds <= factor * best.seconds).length;
}
