import { expect, it } from 'vitest';
import type { AdapterReport } from '../src/engine/messages.js';
import { adapterNotices, failureText } from '../src/notices.js';

const adapter = (kind: AdapterReport['kind'], features: readonly string[]): AdapterReport => ({
  name: 'some GPU',
  vendor: '',
  architecture: '',
  driver: '',
  kind,
  source: 'browser',
  features,
});

it('says one sentence for each thing that an adapter lacks, and none for a whole one', () => {
  expect(adapterNotices(adapter('gpu', ['timestamp-query', 'shader-f16']))).toEqual([]);
  const [software, timestamps, half, ...others] = adapterNotices(adapter('software', []));
  expect(software).toContain('on the processor');
  expect(timestamps).toContain('cannot be timed');
  expect(half).toContain('16-bit');
  expect(others).toEqual([]);
});

it('says what a failure means, what still works, and what the runtime said', () => {
  for (const code of ['NO_ADAPTER', 'DEVICE_LOST', 'OUT_OF_MEMORY', 'UNSUPPORTED_DEVICE', 'UNSUPPORTED_OPERATOR']) {
    expect(failureText(code, 'the cause')).toMatch(
      /(still work|nothing on this page has to be loaded).* \(the cause\)$/,
    );
  }
  expect(failureText('INVALID_MODEL', 'the cause')).toBe('the cause');
});
