import { describe, expect, it } from 'vitest';
import type { ValueMetadata } from '../../src/api.js';
import { batchDimension, batchSizes, joinFeeds, rowsToTake, sliceRows } from '../../src/pool/batch.js';
import { RequestQueue, requestKey, type Request } from '../../src/pool/queue.js';
import type { Tensor } from '../../src/tensor.js';

const value = (name: string, dims?: ValueMetadata['dims']): ValueMetadata => ({ name, dataType: 'float32', dims });

describe('batchDimension', () => {
  it('is the symbol that is first everywhere', () => {
    expect(batchDimension([value('x', ['N', 3]), value('m', ['N', 'L'])], [value('y', ['N'])])).toEqual({
      symbol: 'N',
    });
  });

  it.each([
    [[value('x', [1, 3])], [value('y', ['N'])], 'the first size of its first input is fixed'],
    [[value('x')], [value('y', ['N'])], 'the first size of its first input is fixed'],
    [[value('x', ['N', 3])], [value('y')], 'the first size of "y" is unknown, not N'],
    [[value('x', ['N', 3]), value('z', [4])], [value('y', ['N'])], 'the first size of "z" is 4, not N'],
    [[value('x', ['N', 3])], [value('y', ['N', 'N'])], 'N is also another size of "y"'],
  ])('is missing, with the reason', (inputs, outputs, reason) => {
    expect(batchDimension(inputs, outputs)).toEqual({ reason });
  });
});

describe('sizes of batches', () => {
  it('are powers of two and the largest', () => {
    expect(batchSizes(1)).toEqual([1]);
    expect(batchSizes(12)).toEqual([1, 2, 4, 8, 12]);
    expect(batchSizes(16)).toEqual([1, 2, 4, 8, 16]);
  });

  it.each([
    [1, 1],
    [3, 3],
    [5, 4],
    [6, 6],
    [9, 8],
    [11, 8],
    [12, 12],
    [40, 16],
  ])('%i waiting rows make a batch of %i', (rows, taken) => {
    expect(rowsToTake(rows, batchSizes(16))).toBe(taken);
  });
});

const tensor = (rows: number, first: number): Tensor => ({
  dataType: 'int32',
  dims: [rows, 2],
  data: Int32Array.from({ length: rows * 2 }, (_, i) => first + i),
});

describe('joining and slicing', () => {
  it('keep the order of rows, and fill up with zeros', () => {
    const joined = joinFeeds([{ x: tensor(1, 10) }, { x: tensor(2, 20) }], 4);
    expect(joined.x).toEqual({ dataType: 'int32', dims: [4, 2], data: Int32Array.of(10, 11, 20, 21, 22, 23, 0, 0) });
    expect(sliceRows(joined, 1, 2).x).toEqual(tensor(2, 20));
  });

  it('leave nothing of what the memory held', () => {
    const used = (_: string, dataType: Tensor['dataType'], dims: readonly number[]): Tensor => ({
      dataType,
      dims,
      data: dataType === 'int64' ? new BigInt64Array(8).fill(7n) : new Int32Array(8).fill(7),
    });
    const wide = { dataType: 'int64', dims: [1, 2], data: BigInt64Array.of(1n, 2n) } as const;
    const joined = joinFeeds([{ x: tensor(3, 1), y: wide }], 4, used);
    expect(joined.x.data).toEqual(Int32Array.of(1, 2, 3, 4, 5, 6, 0, 0));
    expect(joined.y.data).toEqual(BigInt64Array.of(1n, 2n, 0n, 0n, 0n, 0n, 0n, 0n));
  });

  it('join texts', () => {
    const text = (name: string): Tensor => ({ dataType: 'string', dims: [1], data: [name] });
    expect(joinFeeds([{ x: text('a') }, { x: text('b') }], 3).x.data).toEqual(['a', 'b', '']);
  });
});

describe('the queue', () => {
  const request = (rows: number, key: string | undefined, since = 0): Request => ({
    feeds: { x: tensor(rows, 0) },
    key,
    rows,
    since,
    outputs: undefined,
    resolve: () => {},
    reject: () => {},
  });
  const queue = (maxLength = 100) => new RequestQueue({ maxLength, sizes: [1, 2, 4, 8], maxDelayMs: 5 });

  it('takes the oldest and those alike, in order, and leaves the others', () => {
    const q = queue();
    const all = [request(1, 'a'), request(1, 'b'), request(2, 'a'), request(1, undefined), request(1, 'a')];
    for (const r of all) q.push(r);
    expect(q.take()).toEqual({ requests: [all[0], all[2], all[4]], size: 4 });
    expect(q.take()).toEqual({ requests: [all[1]], size: 1 });
    expect(q.take()).toEqual({ requests: [all[3]], size: 1 });
    expect(q.length).toBe(0);
  });

  it('never splits a request, nor lets a later one pass one that does not fit', () => {
    const q = queue();
    const all = [request(5, 'a'), request(4, 'a'), request(1, 'a')];
    for (const r of all) q.push(r);
    expect(q.take()).toEqual({ requests: [all[0]], size: 8 });
    expect(q.take().requests).toEqual([all[1]]);
  });

  it('waits for a batch to fill, but not beyond the delay', () => {
    const q = queue();
    expect(q.delay(0)).toBeUndefined();
    q.push(request(1, 'a', 100));
    expect(q.delay(102)).toBe(3);
    expect(q.delay(106)).toBe(0);
    for (let i = 0; i < 7; i++) q.push(request(1, 'a', 101));
    expect(q.delay(102)).toBe(0);
    q.take();
    q.push(request(1, undefined, 102));
    expect(q.delay(102)).toBe(0);
  });

  it('refuses what is beyond its bound, and lets go of what is no longer wanted', () => {
    const q = queue(1);
    const first = request(1, 'a');
    q.push(first);
    expect(() => q.push(request(1, 'a'))).toThrow('1 requests are waiting, which is as many as may wait');
    expect(q.remove(first)).toBe(true);
    expect(q.remove(first)).toBe(false);
    expect(q.length).toBe(0);
  });

  it('tells requests apart by shape and by outputs, and leaves large ones alone', () => {
    const x = { x: tensor(2, 0) };
    expect(requestKey(x, undefined, 8)).not.toBe(requestKey(x, ['y'], 8));
    expect(requestKey(x, ['y', 'z'], 8)).toBe(requestKey(x, ['z', 'y'], 8));
    expect(requestKey({ x: { ...tensor(3, 0), dims: [2, 3] } }, undefined, 8)).not.toBe(requestKey(x, undefined, 8));
    expect(requestKey({ x: tensor(9, 0) }, undefined, 8)).toBeUndefined();
    expect(requestKey({ x: tensor(0, 0) }, undefined, 8)).toBeUndefined();
    expect(requestKey(x, undefined, 1)).toBeUndefined();
  });
});
