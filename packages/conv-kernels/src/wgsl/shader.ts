/** A storage element as a shader holds it. f16 needs the adapter's shader-f16. */
export type ElementType = 'f32' | 'f16' | 'i32' | 'u32';

/** A buffer the shader reads or writes; `type` is its WGSL store type, such as `array<vec4<f32>>`. */
export interface Binding {
  readonly name: string;
  readonly access: 'read' | 'read_write';
  readonly type: string;
}

/** A 32-bit number given at dispatch, read in WGSL as `params.<name>`. */
export interface Param {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
  readonly value: number;
}

/**
 * A compute shader as plain data. Bindings take @group(0) @binding(0..n-1) in order; where `hasParams`, the uniform
 * block follows at @binding(n). Its whole text is its identity: two kernels of equal `code` share a pipeline.
 */
export interface Kernel {
  readonly label: string;
  readonly code: string;
  readonly bindings: readonly Binding[];
  readonly hasParams: boolean;
  readonly workgroupSize: readonly [number, number, number];
}

/** A WGSL extension that a shader enables. */
export type Extension = 'f16' | 'subgroups' | 'subgroup_size_control' | 'chromium_experimental_subgroup_matrix';

export interface ShaderSource {
  /** A short name for profiles and error messages; not part of the text. */
  readonly label: string;
  readonly enables?: readonly Extension[];
  readonly aliases?: Readonly<Record<string, string>>;
  readonly consts?: Readonly<Record<string, number | string>>;
  readonly bindings: readonly Binding[];
  readonly params?: readonly Omit<Param, 'value'>[];
  readonly workgroupSize: readonly [number, number, number];
  /** Puts `subgroup_id` in scope, and fixes the size of subgroups where it is given. */
  readonly subgroups?: { readonly size?: number };
  /** Functions and module-scope variables, and one `main` body through `mainBody`. */
  readonly declarations?: string;
  /**
   * The body of `main`. In scope: `workgroup_id`, `local_id` (vec3u), `local_index` (u32) and `global_id` (vec3u).
   */
  readonly body: string;
}

/** Writes the header (enables, aliases, consts, bindings, params) from the same lists that make the bind-group layout. */
export function shader(source: ShaderSource): Kernel {
  const params = source.params ?? [];
  const lines: string[] = [];
  for (const name of source.enables ?? []) lines.push(`enable ${name};`);
  for (const [name, type] of Object.entries(source.aliases ?? {})) lines.push(`alias ${name} = ${type};`);
  for (const [name, value] of Object.entries(source.consts ?? {})) {
    lines.push(typeof value === 'number' ? `const ${name} = ${value}u;` : `const ${name} = ${value};`);
  }
  source.bindings.forEach((b, i) => {
    lines.push(`@group(0) @binding(${i}) var<storage, ${b.access}> ${b.name}: ${b.type};`);
  });
  if (params.length > 0) {
    lines.push('struct Params {', ...params.map((p) => `  ${p.name}: ${p.type},`), '}');
    lines.push(`@group(0) @binding(${source.bindings.length}) var<uniform> params: Params;`);
  }
  if (source.declarations) lines.push(source.declarations.trim());
  const [x, y, z] = source.workgroupSize;
  const size = source.subgroups?.size === undefined ? '' : ` @subgroup_size(${source.subgroups.size})`;
  const subgroup = source.subgroups ? ', @builtin(subgroup_id) subgroup_id: u32' : '';
  lines.push(
    `@compute @workgroup_size(${x}, ${y}, ${z})${size}`,
    'fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u,',
    `        @builtin(local_invocation_index) local_index: u32, @builtin(global_invocation_id) global_id: vec3u${subgroup}) {`,
    source.body.trim(),
    '}',
    '',
  );
  return {
    label: source.label,
    code: lines.join('\n'),
    bindings: source.bindings,
    hasParams: params.length > 0,
    workgroupSize: source.workgroupSize,
  };
}

/** The bytes of a kernel's uniform block: one 32-bit word a param, in order, padded to 16 bytes. */
export function packParams(params: readonly Param[]): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(params.length / 4) * 4);
  const signed = new Int32Array(words.buffer);
  const floats = new Float32Array(words.buffer);
  params.forEach((p, i) => {
    const view = p.type === 'f32' ? floats : p.type === 'i32' ? signed : words;
    view[i] = p.value;
  });
  return words;
}
