import { Ajv } from 'ajv';
import type { ChromeTrace, TraceEvent } from '@tessera/report-view';

const number = { type: 'number' } as const;
const slice = {
  type: 'object',
  required: ['ph', 'name', 'cat', 'ts', 'dur', 'pid', 'tid'],
  properties: {
    ph: { const: 'X' },
    name: { type: 'string', minLength: 1 },
    cat: { type: 'string', minLength: 1 },
    ts: number,
    dur: { type: 'number', minimum: 0 },
    pid: { type: 'integer' },
    tid: { type: 'integer' },
    args: { type: 'object' },
  },
  additionalProperties: false,
};
const metadata = {
  type: 'object',
  required: ['ph', 'name', 'pid', 'args'],
  properties: {
    ph: { const: 'M' },
    name: { enum: ['process_name', 'thread_name'] },
    ts: number,
    pid: { type: 'integer' },
    tid: { type: 'integer' },
    args: { type: 'object', minProperties: 1 },
  },
  additionalProperties: false,
};

/** The JSON Object Format of Chrome's "Trace Event Format", as far as complete and metadata events go. */
const traceSchema = {
  type: 'object',
  required: ['traceEvents'],
  properties: {
    traceEvents: { type: 'array', items: { oneOf: [slice, metadata] } },
    displayTimeUnit: { enum: ['ms', 'ns'] },
    otherData: { type: 'object' },
  },
  additionalProperties: false,
};

const fits = new Ajv({ allErrors: true }).compile<ChromeTrace>(traceSchema);

type Slice = TraceEvent & { readonly dur: number };

/** What is wrong with a parsed trace: where it does not fit the format, and the slices that reach out of the one around them. */
export function traceFaults(trace: unknown): string[] {
  if (!fits(trace)) return fits.errors!.map(({ instancePath, message }) => `${instancePath}: ${message}`);
  const slices = trace.traceEvents.filter((event): event is Slice => event.ph === 'X');
  const threads = [...new Set(slices.map(({ tid }) => tid))];
  return threads.flatMap((tid) => straddling(slices.filter((each) => each.tid === tid)));
}

/** The slices of one thread that lie neither within the one around them nor beside it. */
function straddling(slices: readonly Slice[]): string[] {
  const faults: string[] = [];
  const open: Slice[] = [];
  const end = (each: Slice) => Math.round((each.ts + each.dur) * 1000);
  for (const each of [...slices].sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
    while (open.length > 0 && end(open.at(-1)!) <= Math.round(each.ts * 1000)) open.pop();
    const around = open.at(-1);
    if (around && end(each) > end(around))
      faults.push(`"${each.name}" ends after "${around.name}", in which it begins`);
    open.push(each);
  }
  return faults;
}
