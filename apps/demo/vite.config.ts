import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));

export default defineConfig({
  // Relative addresses, so that the page works from any folder of any host.
  base: './',
  resolve: { conditions: ['tessera-source', 'module', 'browser', 'import', 'default'] },
  worker: { format: 'es' },
  server: { fs: { allow: [root] } },
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 1500 },
});
