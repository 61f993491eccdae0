import { defineConfig } from 'vitest/config';

const conditions = ['tessera-source', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // GPU objects do not survive a worker's teardown; child processes also keep a native crash to its own file.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    include: ['packages/*/test/**/*.test.ts', 'packages/*/gpu/**/*.test.ts', 'tools/**/*.test.ts'],
  },
});
