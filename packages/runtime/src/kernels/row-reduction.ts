/**
 * WGSL in which the LANES invocations of each of the workgroup's ROWS rows share one f32: `row_<name>(value)` combines
 * their values by a fixed tree and gives every lane the result. To be called in uniform control flow.
 */
export function rowReductions(lanes: number, combines: Readonly<Record<string, string>>): string {
  if (lanes === 1) {
    const names = Object.keys(combines);
    return names.map((name) => `fn row_${name}(value: f32, local_index: u32) -> f32 { return value; }`).join('\n');
  }
  const functions = Object.entries(combines).map(
    ([name, combine]) => `
fn row_${name}(value: f32, local_index: u32) -> f32 {
  let lane = local_index / ROWS;
  row_values[local_index] = value;
  workgroupBarrier();
  for (var reach = LANES / 2u; reach > 0u; reach /= 2u) {
    if (lane < reach) {
      let a = row_values[local_index];
      let b = row_values[local_index + reach * ROWS];
      row_values[local_index] = ${combine};
    }
    workgroupBarrier();
  }
  let result = row_values[local_index % ROWS];
  workgroupBarrier();
  return result;
}`,
  );
  return ['var<workgroup> row_values: array<f32, ROWS * LANES>;', ...functions].join('\n');
}
