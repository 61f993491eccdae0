import type { Plugin } from 'esbuild';

/** Packages with native code, which stay outside a bundle, and what is used of each. */
const exported: Readonly<Record<string, readonly string[]>> = {
  webgpu: ['create', 'globals'],
  'onnxruntime-node': ['InferenceSession', 'Tensor', 'env'],
};

/**
 * Loads packages with native code by `require`, when they are first imported: unlike `import`, it also searches
 * NODE_PATH, where machines without an npm project keep their packages.
 */
export const nativePackages: Plugin = {
  name: 'native-packages',
  setup(build) {
    const filter = new RegExp(`^(${Object.keys(exported).join('|')})$`);
    build.onResolve({ filter }, ({ path }) => ({ path, namespace: 'native' }));
    build.onLoad({ filter: /.*/, namespace: 'native' }, ({ path }) => ({
      contents: `import { createRequire } from 'node:module';
const loaded = createRequire(import.meta.url)(${JSON.stringify(path)});
export const { ${exported[path].join(', ')} } = loaded;
export default loaded;`,
      loader: 'js',
    }));
  },
};
