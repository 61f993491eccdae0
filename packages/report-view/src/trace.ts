import type { LayerTime, Profile } from '@tessera/runtime';

/** An event of the Trace Event Format that Perfetto and chrome://tracing read. Times are in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args?: Readonly<Record<string, string | number>>;
}

export interface ChromeTrace {
  readonly displayTimeUnit: 'ms';
  readonly traceEvents: readonly TraceEvent[];
  readonly otherData: Readonly<Record<string, string | number>>;
}

const pid = 1;
const lanes = { host: 1, gpu: 2 } as const;

const named = (name: 'process_name' | 'thread_name', tid: number, value: string): TraceEvent => ({
  name,
  ph: 'M',
  pid,
  tid,
  ts: 0,
  args: { name: value },
});

const complete = (
  event: Pick<TraceEvent, 'name' | 'tid' | 'cat' | 'args'>,
  startMs: number,
  endMs: number,
): TraceEvent => {
  // Whole nanoseconds, so that what nests in milliseconds nests in the file too.
  const [start, end] = [startMs, endMs].map((ms) => Math.round(ms * 1e6));
  return { ...event, ph: 'X', pid, ts: start / 1e3, dur: Math.max(0, end - start) / 1e3 };
};

function layerArgs({ opType, algorithm, shape, ms, flops, bytes, origins }: LayerTime) {
  const work = { shape: shape.join('x'), medianMs: ms, flops, bytes };
  return { operator: opType, algorithm, ...work, nodes: origins.join(', ') };
}

/** One profiled run: the host's lane, and the GPU's, where each layer's event holds those of its dispatches. */
export function chromeTrace(
  { timeline, layers, gpuMs, passCostMs }: Pick<Profile, 'timeline' | 'layers' | 'gpuMs' | 'passCostMs'>,
  model: string,
): ChromeTrace {
  const host = timeline.host.map(({ name, startMs, endMs }) =>
    complete({ name, tid: lanes.host, cat: 'host' }, startMs, endMs),
  );
  const gpu: TraceEvent[] = [];
  for (let i = 0; i < timeline.gpu.length;) {
    const { layer } = timeline.gpu[i];
    let end = i;
    while (timeline.gpu[end]?.layer === layer) end += 1;
    const dispatches = timeline.gpu.slice(i, end);
    const [startMs, endMs] = [dispatches[0].startMs, Math.max(...dispatches.map((d) => d.endMs))];
    gpu.push(
      complete(
        { name: layers[layer].name, tid: lanes.gpu, cat: 'layer', args: layerArgs(layers[layer]) },
        startMs,
        endMs,
      ),
      ...dispatches.map((d) =>
        complete(
          { name: d.kernel, tid: lanes.gpu, cat: 'dispatch', args: { workgroups: d.workgroups.join('x') } },
          d.startMs,
          d.endMs,
        ),
      ),
    );
    i = end;
  }
  return {
    displayTimeUnit: 'ms',
    traceEvents: [
      named('process_name', 0, model),
      named('thread_name', lanes.host, 'Host'),
      named('thread_name', lanes.gpu, 'GPU'),
      ...host,
      ...gpu,
    ],
    otherData: { gpuMs, passCostMs, uncertaintyMs: timeline.uncertaintyMs },
  };
}
