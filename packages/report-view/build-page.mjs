// Writes dist/page.bundle.js, the script of a self-contained page, so that the built package needs no bundler.
import { writeFileSync } from 'node:fs';
import { bundlePage } from './dist/bundle.js';

writeFileSync(new URL('./dist/page.bundle.js', import.meta.url), await bundlePage());
