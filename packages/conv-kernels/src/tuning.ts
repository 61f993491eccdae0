import type { DeviceProfile } from './problem.js';

/** What one candidate took. */
export interface TimedCandidate {
  readonly algorithm: string;
  /** As the plan names it. */
  readonly variant: string;
  /** `kernelHash` of the plan that was timed; the time counts for no other. */
  readonly kernels: string;
  readonly seconds: number;
}

/** What was timed for one problem on one adapter with one driver. */
export interface TuningRecord {
  readonly adapter: string;
  readonly driver: string;
  /** `convKey` or `gemmKey`. */
  readonly problem: string;
  /** The fastest first. */
  readonly candidates: readonly TimedCandidate[];
}

/** Measured times to keep, merge and ship with a model, as JSON. */
export interface TuningFile {
  readonly format: 'tessera-tuning';
  readonly version: 1;
  readonly records: readonly TuningRecord[];
}

/** The candidates timed on one device, by problem. */
export type TuningTable = ReadonlyMap<string, readonly TimedCandidate[]>;

/** Text that is no tuning file: the message says where and what would be right. */
export class TuningFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TuningFileError';
  }
}

/** Under which adapter and driver a device's times are kept. WebGPU's description reads `<name>: <driver>` on Vulkan. */
export function tuningAdapter({ vendor, architecture, description }: DeviceProfile): {
  readonly adapter: string;
  readonly driver: string;
} {
  const [name, ...driver] = description.split(': ');
  const adapter = [vendor, architecture, name].filter((part) => part !== '').join(' ');
  return { adapter, driver: driver.join(': ') };
}

/** The part of a tuning file that counts on a device. */
export function tuningTable(file: TuningFile, device: DeviceProfile): TuningTable {
  const { adapter, driver } = tuningAdapter(device);
  const own = file.records.filter((record) => record.adapter === adapter && record.driver === driver);
  return new Map(own.map((record) => [record.problem, record.candidates]));
}

/** A file of these records; of several times for one candidate the last counts. Sorted, so that equal data is equal text. */
export function tuningFile(records: readonly TuningRecord[]): TuningFile {
  const merged = new Map<string, TuningRecord>();
  for (const record of records) {
    const key = JSON.stringify([record.adapter, record.driver, record.problem]);
    const before = merged.get(key)?.candidates ?? [];
    merged.set(key, { ...record, candidates: mergeCandidates(before, record.candidates) });
  }
  const keys = [...merged.keys()].sort();
  return { format: 'tessera-tuning', version: 1, records: keys.map((key) => merged.get(key)!) };
}

/** Later files go before earlier ones where both have a candidate. */
export function mergeTuning(...files: readonly TuningFile[]): TuningFile {
  return tuningFile(files.flatMap((file) => file.records));
}

function mergeCandidates(
  before: readonly TimedCandidate[],
  after: readonly TimedCandidate[],
): readonly TimedCandidate[] {
  const byName = new Map<string, TimedCandidate>();
  for (const candidate of [...before, ...after]) byName.set(`${candidate.algorithm} ${candidate.variant}`, candidate);
  return [...byName.values()].sort((a, b) => a.seconds - b.seconds);
}

/** The text of a tuning file, a candidate a line. */
export function formatTuning(file: TuningFile): string {
  const records = file.records.map(({ candidates, ...key }) => {
    const lines = candidates.map((candidate) => `      ${JSON.stringify(candidate)}`).join(',\n');
    return `    { ${JSON.stringify(key).slice(1, -1)}, "candidates": [\n${lines}\n    ] }`;
  });
  return `{\n  "format": "tessera-tuning",\n  "version": 1,\n  "records": [\n${records.join(',\n')}\n  ]\n}\n`;
}

/** Reads a tuning file. Throws TuningFileError where the text is none. */
export function parseTuning(text: string): TuningFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TuningFileError(`the tuning file is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return checkTuning(value);
}

/** What a tuning file's text or another program gave, as one. Throws TuningFileError where it is none. */
export function checkTuning(value: unknown): TuningFile {
  const file = asObject(value, 'the tuning file');
  if (file.format !== 'tessera-tuning') wrong('format', file.format, '"tessera-tuning"');
  if (file.version !== 1) wrong('version', file.version, '1');
  const records = asArray(file.records, 'records').map((item, i) => asRecord(item, `records[${i}]`));
  return tuningFile(records);
}

function asRecord(value: unknown, at: string): TuningRecord {
  const record = asObject(value, at);
  return {
    adapter: asText(record.adapter, `${at}.adapter`),
    driver: asText(record.driver, `${at}.driver`),
    problem: asText(record.problem, `${at}.problem`),
    candidates: asArray(record.candidates, `${at}.candidates`).map((item, i) =>
      asCandidate(item, `${at}.candidates[${i}]`),
    ),
  };
}

function asCandidate(value: unknown, at: string): TimedCandidate {
  const candidate = asObject(value, at);
  const { seconds } = candidate;
  if (typeof seconds !== 'number' || !(seconds > 0 && seconds < Infinity)) {
    return wrong(`${at}.seconds`, seconds, 'a positive number');
  }
  return {
    algorithm: asText(candidate.algorithm, `${at}.algorithm`),
    variant: asText(candidate.variant, `${at}.variant`),
    kernels: asText(candidate.kernels, `${at}.kernels`),
    seconds,
  };
}

function asObject(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  return wrong(at, value, 'an object');
}

function asArray(value: unknown, at: string): readonly unknown[] {
  return Array.isArray(value) ? value : wrong(at, value, 'an array');
}

function asText(value: unknown, at: string): string {
  return typeof value === 'string' ? value : wrong(at, value, 'text');
}

function wrong(at: string, value: unknown, right: string): never {
  throw new TuningFileError(`${at} is ${JSON.stringify(value) ?? 'missing'}; it must be ${right}.`);
}
