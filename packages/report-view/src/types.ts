/// <reference lib="dom" preserve="true" />
/// <reference lib="dom.iterable" preserve="true" />

/** What every chart takes beside its data. */
export interface ChartOptions {
  /** Width in pixels; 900 without it. The height follows from the data. */
  readonly width?: number;
  /** The document to make elements in: the page's own without it, and one of linkedom or jsdom elsewhere. */
  readonly document?: Document;
  /** Whether the chart tells what its colours mean; true without it. */
  readonly legend?: boolean;
}

/** One way to compute a layer, and what it takes. */
export interface Candidate {
  readonly name: string;
  readonly ms: number;
  readonly isPick: boolean;
}

/** What the device can do at most, by `measureCeilings`. Rates are per second. */
export interface RooflineLimits {
  readonly f32Flops: number;
  readonly f16Flops?: number;
  readonly matrixFlops?: number;
  readonly bytes: number;
}

export const defaultWidth = 900;
