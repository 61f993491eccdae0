import { describe, expect, it } from 'vitest';
import { traceFaults } from '../testing/trace.js';

const slice = (name: string, ts: number, dur: number, tid = 1) => ({ ph: 'X', name, cat: 'c', ts, dur, pid: 1, tid });

describe('the faults of a trace', () => {
  it('are none where slices lie within or beside each other', () => {
    const events = [slice('outer', 0, 10), slice('inner', 0, 4), slice('next', 4, 6), slice('other', 5, 9, 2)];
    expect(traceFaults({ traceEvents: events })).toEqual([]);
  });

  it('name what straddles the end of another, and what the format lacks', () => {
    const events = [slice('outer', 0, 10), slice('late', 8, 4)];
    expect(traceFaults({ traceEvents: events })).toEqual(['"late" ends after "outer", in which it begins']);
    expect(traceFaults({ traceEvents: [{ ...events[0], dur: -1 }] })).not.toEqual([]);
    expect(traceFaults({})).toEqual([": must have required property 'traceEvents'"]);
  });
});
