import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const layer = (name, allowed) => ({
  sourceTag: `layer:${name}`,
  onlyDependOnLibsWithTags: allowed.map((a) => `layer:${a}`),
});
const gpuGlobals = ['GPUDevice', 'GPUBuffer', 'GPUAdapter', 'GPUQueue', 'GPUComputePipeline', 'GPUCommandEncoder'];

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', '.nx/', 'coverage/', 'out/'] },
  ...tseslint.configs.recommended,
  { plugins: { '@nx': nx } },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@nx/enforce-module-boundaries': [
        'error',
        {
          depConstraints: [
            layer('onnx-loader', []),
            layer('conv-kernels', []),
            layer('runtime', ['onnx-loader', 'conv-kernels']),
            layer('server', ['runtime', 'onnx-loader']),
            layer('cli', ['server', 'runtime', 'report-view', 'onnx-loader']),
            layer('report-view', ['runtime']),
            layer('demo', ['runtime', 'report-view']),
            layer('tools', ['server', 'cli', 'report-view', 'runtime', 'onnx-loader', 'conv-kernels']),
          ],
        },
      ],
    },
  },
  {
    files: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
    ignores: ['packages/runtime/src/device/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...gpuGlobals.map((name) => ({ name, message: 'Only packages/runtime/src/device speaks to the GPU.' })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'navigator', property: 'gpu', message: 'Only packages/runtime/src/device speaks to the GPU.' },
      ],
      '@typescript-eslint/no-restricted-types': [
        'error',
        {
          types: Object.fromEntries(
            gpuGlobals.map((name) => [name, 'Only packages/runtime/src/device speaks to the GPU.']),
          ),
        },
      ],
    },
  },
  {
    // Tests need the whole workspace: a device, and models built on the spot.
    files: ['packages/*/test/**/*.ts', 'packages/*/gpu/**/*.ts', 'packages/*/bench/**/*.ts', 'apps/*/browser/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': 'off' },
  },
  prettier,
);
