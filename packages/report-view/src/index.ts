export type { ChartOptions, Candidate, RooflineLimits } from './types.js';
export { candidatesChart } from './candidates.js';
export { memoryChart } from './memory.js';
export { groupings, rankingChart, type Grouping, type RankingOptions } from './ranking.js';
export { renderReport, type ReportData } from './report.js';
export { rooflineChart } from './roofline.js';
export { reportStyle } from './style.js';
export { timelineChart } from './timeline.js';
export { chromeTrace, type ChromeTrace, type TraceEvent } from './trace.js';
