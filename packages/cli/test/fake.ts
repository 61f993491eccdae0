import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataType } from '@tessera/onnx-loader';
import { evaluateReference, formatTuning, inspectModel, TesseraError } from '@tessera/runtime';
import type {
  AdapterReport,
  Device,
  LayerExplanation,
  LayerTime,
  NodePlacement,
  RunOptions,
  RunTiming,
  Session,
  SessionOptions,
  SessionReport,
  Tensor,
  Timeline,
  ValueMetadata,
} from '@tessera/runtime';
import { createColors } from 'picocolors';
import { afterAll } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { main } from '../src/cli.js';
import type { Environment, Runtime } from '../src/environment.js';
import { Interruption } from '../src/interruption.js';

export type Dims = readonly (number | string)[];
export const plainColors = createColors(false);

/** A folder for a test file, removed at its end. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'infer-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const value = (name: string, dataType: DataType, ...dims: Dims): ValueMetadata => ({ name, dataType, dims });

/** Writes a model that hands its first input through. */
export function writeModel(file: string, inputs: readonly ValueMetadata[]): string {
  const nodes = [{ opType: 'Identity', inputs: [inputs[0].name], outputs: ['result'] }];
  writeFileSync(file, buildModel({ inputs, outputs: [{ ...inputs[0], name: 'result' }], nodes }));
  return file;
}

const layer = (name: string, opType: string, algorithm: string, startMs: number, ms: number): LayerTime => ({
  name,
  opType,
  origins: [name],
  outputs: [`${name}_y`],
  algorithm,
  shape: [1, 8, 7, 5],
  dispatches: 1,
  ms,
  samplesMs: [ms, ms],
  startMs,
  flops: 0,
  bytes: 10,
});

export const layers: readonly LayerTime[] = [
  { ...layer('conv1', 'Conv', 'winograd', 0, 1), dispatches: 2, flops: 4e9 },
  { ...layer('pool', 'MaxPool', 'pool', 1, 0.25), shape: [1, 8, 3, 2] },
  { ...layer('fc', 'Gemm', 'gemm', 1.25, 2.75), shape: [1, 10], flops: 11e9 },
];

/** Four dispatches of the three layers, 2 ms after the run's begin. */
export const timeline: Timeline = {
  host: [
    { name: 'upload', startMs: 0, endMs: 0.5 },
    { name: 'encode', startMs: 0.5, endMs: 2 },
    { name: 'wait', startMs: 2, endMs: 7 },
  ],
  gpu: [
    { layer: 0, kernel: 'transform', workgroups: [4, 1, 1], startMs: 2, endMs: 2.5 },
    { layer: 0, kernel: 'product', workgroups: [8, 2, 1], startMs: 2.5, endMs: 3 },
    { layer: 1, kernel: 'pool', workgroups: [1, 1, 1], startMs: 3, endMs: 3.25 },
    { layer: 2, kernel: 'gemm', workgroups: [1, 1, 1], startMs: 3.25, endMs: 6 },
  ],
  uncertaintyMs: 0.5,
};

export const sessionReport: SessionReport = {
  adapter: {
    name: 'Test GPU',
    vendor: 'test',
    architecture: 'none',
    driver: 'driver 1.2',
    kind: 'software',
    source: 'system',
    features: ['timestamp-query'],
    note: 'A software adapter is slow.',
  },
  precision: 'fp32',
  irVersion: 8,
  opsets: { 'ai.onnx': 17, 'com.microsoft': 1 },
  producer: 'test 1.0',
  loadMs: 12.3,
  lowerMs: 1.5,
  uploadMs: 0.25,
  compileMs: 2345,
  nodes: 3,
  dispatches: 4,
  pipelines: 3,
  weightBytes: 12_345_678,
  activationBytes: 999,
  layers,
  placements: [],
  memory: {
    weightBytes: 12_345_678,
    inputBytes: 100,
    activationBytes: 999,
    steps: 4,
    allocations: [
      { bytes: 600, tenants: [{ layer: 0, bytes: 600, first: 1, last: 2 }] },
      {
        bytes: 399,
        tenants: [
          { layer: 0, bytes: 300, first: 0, last: 1 },
          { layer: 1, bytes: 399, first: 2, last: 3 },
        ],
      },
    ],
    liveBytes: [300, 900, 999, 399],
  },
};

export interface FakeSession {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs?: Readonly<Record<string, Tensor>>;
  readonly runError?: Error;
  readonly profileError?: Error;
  readonly onRun?: (runs: number) => void;
  readonly interruption?: Interruption;
  /** Of each run, counted from 1. */
  readonly timing?: (run: number) => RunTiming;
  /** Of the first layer, in place of its own. */
  readonly layerName?: string;
  /** In how many parts the layers are timed. */
  readonly parts?: number;
  readonly placements?: readonly NodePlacement[];
  readonly explanation?: readonly LayerExplanation[];
  /** Of the machine; one without it. */
  readonly adapters?: readonly AdapterReport[];
}

/** What a session was asked for. */
export interface Calls {
  options?: SessionOptions;
  adapter?: string;
  feeds?: Readonly<Record<string, Tensor>>;
  runs: number;
  disposed: boolean;
}

function fakeSession(fake: FakeSession, calls: Calls): Session {
  const outputs = fake.outputs ?? {};
  return {
    inputs: fake.inputs,
    outputs: Object.entries(outputs).map(([name, { dataType, dims }]) => ({ name, dataType, dims })),
    metadata: {},
    report: { ...sessionReport, placements: fake.placements ?? [] },
    get device(): never {
      throw new Error('the command line does not touch the device');
    },
    prepare: async () => undefined,
    explain: () => fake.explanation ?? [],
    stageInput(): never {
      throw new Error('the command line stages nothing');
    },
    check: (feeds) => ({ feeds: feeds as Readonly<Record<string, Tensor>>, dims: {} }),
    run: (async (feeds: Readonly<Record<string, Tensor>>, options?: RunOptions) => {
      calls.feeds = feeds;
      calls.runs++;
      if (fake.runError) throw fake.runError;
      fake.onRun?.(calls.runs);
      options?.onTiming?.(fake.timing?.(calls.runs) ?? fakeTiming);
      return outputs;
    }) as Session['run'],
    runValues: async () => outputs,
    tune: async () => ({ format: 'tessera-tuning', version: 1, records: [] }),
    profile: async (_feeds, { runs = 5, signal } = {}) => {
      if (fake.profileError) throw fake.profileError;
      const [first, ...rest] = layers;
      const named = [{ ...first, name: fake.layerName ?? first.name }, ...rest];
      const times = { gpuMs: 4, passCostMs: 0.0066, wholeMs: 3.9, profiledMs: 4.1 };
      return { runs: signal?.aborted ? 1 : runs, parts: fake.parts ?? 1, ...times, layers: named, timeline };
    },
    dispose: () => (calls.disposed = true),
    [Symbol.dispose]: () => (calls.disposed = true),
    [Symbol.asyncDispose]: async () => void (calls.disposed = true),
  };
}

export const fakeTiming: RunTiming = {
  uploadMs: 0.5,
  encodeMs: 1,
  gpuMs: 3.9,
  waitMs: 0.4,
  readBackMs: 0.2,
  totalMs: 6,
};

const ceilings = { f32Flops: 1e13, bytes: 1e12, launchSeconds: 1e-6, cores: 8 };

function fakeDevice(): Device {
  return {
    adapter: sessionReport.adapter,
    profile: {} as Device['profile'],
    memory: { buffers: 0, bytes: 0, peakBytes: 0 },
    health: 'ready',
    get gpu(): never {
      throw new Error('the command line does not touch the device');
    },
    dispose: () => undefined,
  };
}

function fakeRuntime(fake: FakeSession, calls: Calls): Runtime {
  return {
    acquireDevice: async (options) => {
      if (fake.adapters?.length === 0) throw new TesseraError('NO_ADAPTER', 'no WebGPU adapter was found');
      calls.adapter = options?.adapter;
      return fakeDevice();
    },
    createSession: async (_model, options) => {
      calls.options = options;
      return fakeSession(fake, calls);
    },
    createSessionPool: () => Promise.reject(new Error('the command line opens pools on real devices alone')),
    listAdapters: async () => fake.adapters ?? [sessionReport.adapter],
    measureCeilings: async () => ceilings,
    inspectModel,
    evaluateReference,
    formatTuning,
  };
}

export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly calls: Calls;
}

/** Runs the command line with a session that needs no GPU. */
export async function infer(args: readonly string[], fake: FakeSession = { inputs: [] }): Promise<Result> {
  const calls: Calls = { runs: 0, disposed: false };
  const text = { stdout: '', stderr: '' };
  const environment: Environment = {
    stdout: { write: (part) => (text.stdout += part) },
    stderr: { write: (part) => (text.stderr += part) },
    colors: plainColors,
    debug: false,
    interruption: fake.interruption ?? new Interruption(),
    loadRuntime: async () => fakeRuntime(fake, calls),
    serve: async () => 0,
  };
  const status = await main(args, environment);
  return { status, ...text, calls };
}
