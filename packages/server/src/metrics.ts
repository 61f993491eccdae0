import type { BatchReport, Device } from '@tessera/runtime';
import { type Aggregator, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ModelRegistry } from './models/registry.js';

export type Protocol = 'http' | 'grpc';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const rows = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const ofModel = ['model', 'version'] as const;

/** What the metrics that are read when they are asked for look at. */
export interface Observed {
  readonly registry: ModelRegistry;
  readonly devices: readonly Device[];
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Prometheus metrics of one process; docs/serving.md says what each number means. */
export function createMetrics() {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const requests = new Counter({
    name: 'tessera_requests_total',
    help: 'Inference requests answered, by the status of the answer (HTTP status, or gRPC code by number).',
    labelNames: [...ofModel, 'protocol', 'code'],
    registers,
  });
  const latency = new Histogram({
    name: 'tessera_request_duration_seconds',
    help: 'From the whole request received to the answer ready to be sent.',
    labelNames: [...ofModel, 'protocol'],
    buckets: seconds,
    registers,
  });
  const inFlight = new Gauge({ name: 'tessera_requests_in_flight', help: 'Inference requests under way.', registers });
  const queueTime = new Histogram({
    name: 'tessera_queue_duration_seconds',
    help: 'Time a request waited for its turn on a device.',
    labelNames: ofModel,
    buckets: seconds,
    registers,
  });
  const runTime = new Histogram({
    name: 'tessera_run_duration_seconds',
    help: 'Time of a batch from its turn to its results.',
    labelNames: ofModel,
    buckets: seconds,
    registers,
  });
  const batchRows = new Histogram({
    name: 'tessera_batch_rows',
    help: 'Rows of the requests of a batch, without what fills it up.',
    labelNames: ofModel,
    buckets: rows,
    registers,
  });
  const paddedRows = new Counter({
    name: 'tessera_batch_padding_rows_total',
    help: 'Rows of zeros that filled batches up.',
    labelNames: ofModel,
    registers,
  });
  const failures = new Counter({
    name: 'tessera_batch_failures_total',
    help: 'Batches that failed, by the code of the error.',
    labelNames: [...ofModel, 'code'],
    registers,
  });
  const gpuTime = new Counter({
    name: 'tessera_gpu_seconds_total',
    help: 'Time that batches took on the GPU; 0 where the adapter has no timestamps.',
    labelNames: ofModel,
    registers,
  });
  return {
    register,
    requests,
    latency,
    inFlight,
    /** Counts a batch. */
    countBatch(model: { readonly name: string; readonly version: string }, report: BatchReport): void {
      const labels = { model: model.name, version: model.version };
      for (const ms of report.queueMs) queueTime.observe(labels, ms / 1000);
      runTime.observe(labels, report.runMs / 1000);
      batchRows.observe(labels, report.rows);
      paddedRows.inc(labels, Math.max(0, report.size - report.rows));
      gpuTime.inc(labels, (report.gpuMs ?? 0) / 1000);
      if (report.error !== undefined) {
        const code = (report.error as { readonly code?: unknown }).code;
        failures.inc({ ...labels, code: typeof code === 'string' ? code : 'INTERNAL' });
      }
    },
    /** Adds what is read when it is asked for: queues, models and devices. */
    observe(observed: Observed): void {
      addGauges(registers, observed);
    },
  };
}

function addGauges(registers: Registry[], { registry, devices }: Observed): void {
  new Gauge({
    name: 'tessera_queue_requests',
    help: 'Requests that wait for their turn on a device.',
    labelNames: ofModel,
    registers,
    collect() {
      this.reset();
      for (const { name, version, pool } of registry.loaded()) this.set({ model: name, version }, pool.load.waiting);
    },
  });
  new Gauge({
    name: 'tessera_model_ready',
    help: '1 for a version of a model that is ready, 0 for one that is not.',
    labelNames: ofModel,
    aggregator: 'min',
    registers,
    collect() {
      this.reset();
      for (const { name, version, state } of registry.index())
        this.set({ model: name, version }, state === 'READY' ? 1 : 0);
    },
  });
  const ofDevice = (name: string, help: string, value: (device: Device) => number, aggregator: Aggregator = 'sum') =>
    new Gauge({
      name,
      help,
      aggregator,
      labelNames: ['device'],
      registers,
      collect() {
        devices.forEach((device, i) => this.set({ device: String(i) }, value(device)));
      },
    });
  ofDevice('tessera_gpu_memory_bytes', 'Bytes of live GPU buffers.', ({ memory }) => memory.bytes);
  ofDevice('tessera_gpu_memory_peak_bytes', 'Most bytes of live GPU buffers so far.', ({ memory }) => memory.peakBytes);
  const isHealthy = ({ health }: Device) => (health === 'ready' ? 1 : 0);
  ofDevice('tessera_device_healthy', '1 for a device that runs, 0 for one that was lost.', isHealthy, 'min');
}
