export { decodeNpy, encodeNpy } from './npy.js';
export type * from './report/types.js';
export type { ClassScore, Ranking } from './outputs/classes.js';
export type { Statistics } from './outputs/statistics.js';
export type { Timing } from './measure.js';
