/** The environment variables that name the Vulkan drivers. */
export const icdVariables = ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES'] as const;

/** How many pipelines Dawn compiles at a time for a device, whatever the number of cores. */
export const pipelineThreads = 2;

const enabled = ['allow_unsafe_apis', 'vulkan_enable_f16_on_nvidia'];

/**
 * What a web page needs against hostile shaders, and these kernels do without: Dawn clamps every index and clears
 * workgroup memory before each workgroup. The kernels clamp each index that comes from data, read and write inside their
 * operands alone, and read no workgroup memory before they wrote it.
 */
const unguarded = ['disable_robustness', 'disable_workgroup_init'];

/** `timestamp_quantization` rounds timestamps to 65,536 ns; the validation of SPIR-V checks Dawn's own output. */
const disabled = ['timestamp_quantization', 'enable_spirv_validation'];

/**
 * One instance of Dawn for each set of Vulkan drivers, by the variables that name them, and of toggles. They are kept for
 * good: each holds memory of its own, and one that is collected while its devices live crashes the process.
 */
const instances = new Map<string, GPU>();

/** Dawn, with the drivers the environment names. `guarded`: with Dawn's own checks in every shader. */
export async function dawnInstance(guarded: boolean): Promise<GPU> {
  const key = JSON.stringify([guarded, ...icdVariables.map((name) => process.env[name])]);
  const { create } = await import('webgpu');
  let gpu = instances.get(key);
  if (!gpu) {
    const features = guarded ? enabled : [...enabled, ...unguarded];
    gpu = create([`enable-dawn-features=${features.join(',')}`, `disable-dawn-features=${disabled.join(',')}`]);
    instances.set(key, gpu);
  }
  return gpu;
}
