export * from './problem.js';
export * from './plan.js';
export * from './wgsl/shader.js';
