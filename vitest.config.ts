import { defineConfig } from 'vitest/config';

const conditions = ['tessera-source', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // A native crash stays in its own file, and GPU objects do not survive a worker thread's teardown.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    include: ['packages/*/{test,gpu}/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'tools/**/*.test.ts'],
  },
});
