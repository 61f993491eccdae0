/** Characters of a name that make the file name too long for a file system are cut off. */
const MAX_LENGTH = 200;

/**
 * File names for outputs, in their order: characters outside A-Za-z0-9._- become '_', and a name that an earlier
 * output has already (also in other case) gets a number: `a_b.npy`, `a_b_2.npy`.
 */
export function outputFileNames(names: readonly string[]): string[] {
  const bases = names.map((name) => name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, MAX_LENGTH) || '_');
  const taken = new Set<string>();
  return bases.map((base) => {
    let candidate = base;
    for (let number = 2; taken.has(candidate.toLowerCase()); number++) candidate = `${base}_${number}`;
    taken.add(candidate.toLowerCase());
    return `${candidate}.npy`;
  });
}
