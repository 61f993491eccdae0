export type { ChartOptions, Candidate, RooflineLimits } from './types.js';
export { candidatesChart } from './candidates.js';
export { memoryChart } from './memory.js';
export { rankingChart } from './ranking.js';
export { rooflineChart } from './roofline.js';
export { timelineChart } from './timeline.js';
export { chromeTrace, type ChromeTrace, type TraceEvent } from './trace.js';
