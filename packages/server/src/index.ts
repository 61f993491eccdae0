export { serve, type ProcessOptions } from './serve.js';
export { startServer, type Peers, type RunningServer } from './server.js';
export type { ServeOptions } from './options.js';
