import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const conditions = ['tessera-source', 'node', 'import', 'default'];

/** The tests of the built page in a real browser; `npm run verify:demo` builds the page and runs them. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { pool: 'forks', maxWorkers: 1, testTimeout: 120_000, hookTimeout: 60_000, include: ['*.test.ts'] },
});
