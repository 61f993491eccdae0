import { tuningAdapter, tuningFile, type DeviceProfile, type TuningFile } from '@tessera/conv-kernels';

/**
 * Times taken with other drivers, as a start for this device: those of its adapter, under its driver's name. They are
 * bound to the text of the kernels as all are; times of this very driver go before them when the files are merged.
 */
export function adoptTuning(file: TuningFile, profile: DeviceProfile): TuningFile {
  const { adapter, driver } = tuningAdapter(profile);
  const own = file.records.filter((record) => record.adapter === adapter);
  const [other, exact] = [own.filter((r) => r.driver !== driver), own.filter((r) => r.driver === driver)];
  return tuningFile([...other.map((record) => ({ ...record, driver })), ...exact]);
}
