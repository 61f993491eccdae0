import type { OperatorDefinition } from '@tessera/runtime';
import { describe, expect, test } from 'vitest';
import { operatorPage, type Proof } from '../docs/page.js';

const definition = (type: string, since: number, more: Partial<OperatorDefinition> = {}): OperatorDefinition => ({
  domain: '',
  type,
  since,
  place: 'gpu',
  ...more,
});
const proof = (name: string, operators: string[], types = ['float32']): Proof => ({
  name,
  operators: new Set(operators),
  types,
});

describe('the page of operators', () => {
  const page = operatorPage(
    [
      definition('Slice', 10),
      definition('Slice', 1),
      definition('NonZero', 9, { place: 'cpu' }),
      definition('Gelu', 20, { place: 'function' }),
      definition('FusedConv', 1, { domain: 'com.microsoft' }),
    ],
    [
      proof('slice', ['.Slice'], ['float32', 'int64']),
      proof('slice_neg', ['.Slice'], ['int64', 'int8']),
      proof('gelu_expanded', ['.Gelu', '.Slice']),
    ],
  );
  const line = (start: string) => page.split('\n').find((each) => each.startsWith(start));

  test('has a line for each operator, with its versions, types and tests', () => {
    expect(line('| Slice')).toBe('| Slice | 1, 10 | GPU | float32, int64, int8 | 2 |');
    expect(line('| NonZero')).toBe('| NonZero | 9 | CPU |  | 0 |');
    expect(line('| Gelu')).toBe('| Gelu | 20 | GPU, as other operators | float32 | (1) |');
  });

  test('is ordered by domain, and names the tests', () => {
    expect(page.indexOf('## ai.onnx')).toBeLessThan(page.indexOf('## com.microsoft'));
    expect(line('- Slice')).toBe('- Slice: `slice`, `slice_neg`');
  });
});
