import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChromeTrace } from '@tessera/report-view';
import { traceFaults } from '../../../../tools/testing/trace.js';
import { infer, layers, temporaryFolder, value, writeModel } from '../fake.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const inputs = [value('x', 'float32', 1, 2)];
const model = writeModel(at('m.onnx'), inputs);

/** Writes one export of the fake profile and reads it. */
async function exported(flag: string, name: string): Promise<string> {
  const { status, stderr } = await infer(['profile', model, flag, at(name), '--iterations', '2'], { inputs });
  expect([status, stderr]).toEqual([0, '']);
  return readFileSync(at(name), 'utf8');
}

describe('the trace', () => {
  it('fits the schema, and its events nest on every thread', async () => {
    const trace: ChromeTrace = JSON.parse(await exported('--trace', 'trace.json'));
    expect(traceFaults(trace)).toEqual([]);
    expect(new Set(trace.traceEvents.filter(({ ph }) => ph === 'X').map(({ tid }) => tid)).size).toBe(2);
  });

  it('has host and GPU on one axis, kernels within their layers', async () => {
    const trace: ChromeTrace = JSON.parse(await exported('--trace', 'trace.json'));
    const slices = trace.traceEvents.filter(({ ph }) => ph === 'X');
    const rows = slices.map(({ tid, name, ts, dur }) => [tid, name, ts, dur]);
    expect(rows).toEqual([
      [1, 'upload', 0, 500],
      [1, 'encode', 500, 1500],
      [1, 'wait', 2000, 5000],
      [2, 'conv1', 2000, 1000],
      [2, 'transform', 2000, 500],
      [2, 'product', 2500, 500],
      [2, 'pool', 3000, 250],
      [2, 'pool', 3000, 250],
      [2, 'fc', 3250, 2750],
      [2, 'gemm', 3250, 2750],
    ]);
    expect(slices[3].args).toMatchObject({ operator: 'Conv', nodes: 'conv1', algorithm: 'winograd', flops: 4e9 });
  });
});

describe('other exports', () => {
  it("are trtexec's profile", async () => {
    const rows = JSON.parse(await exported('--exportProfile', 'profile.json'));
    expect(rows[0]).toEqual({ count: 2 });
    expect(rows[1]).toEqual({ name: 'conv1', timeMs: 2, averageMs: 1, medianMs: 1, percentage: 25 });
    expect(rows.slice(1).map(({ name }: { name: string }) => name)).toEqual(layers.map(({ name }) => name));
  });

  it("are Netron's attachment", async () => {
    const attachment = JSON.parse(await exported('--netron', 'netron.json'));
    expect(attachment).toMatchObject({ signature: 'netron:attachment', metadata: [] });
    expect(attachment.metrics).toContainEqual({ kind: 'node', target: 'fc', name: 'gpu_ms', value: 2.75 });
    expect(attachment.metrics).toContainEqual({ kind: 'node', target: 'fc', name: 'tflops', value: 4 });
  });

  it('are a table', async () => {
    const lines = (await exported('--csv', 'layers.csv')).split('\r\n');
    expect(lines[0]).toMatch(/^name,operator,algorithm,shape,/);
    expect(lines[3]).toBe(
      'fc,Gemm,gemm,1x10,1,5.5,2.75,2.75,68.75,11000000000,10,4000000000000,3636.363636363636,40,fc',
    );
    expect(lines.at(-1)).toBe('');
  });

  it('are a page that needs nothing else and cannot be broken out of', async () => {
    const evil = '</script><script>alert(1)</script>';
    const odd = writeModel(at('a&b <c>.onnx'), inputs);
    const args = ['profile', odd, '--html', at('page.html')];
    await infer(args, { inputs, layerName: evil });
    const page = readFileSync(at('page.html'), 'utf8');
    const data = /<script id="data" type="application\/json">(.*?)<\/script>/s.exec(page)![1];
    expect(JSON.parse(data)).toMatchObject({ title: 'a&b <c>.onnx', profile: { layers: [{ name: evil }, {}, {}] } });
    expect(page).toContain('<title>a&amp;b &lt;c&gt;.onnx: profile</title>');
    expect(page).not.toMatch(/<(script|link|img|iframe)[^>]*\s(src|href)=/);
    expect(page.match(/<\/script>/g)?.length).toBe(2);
    expect(page).toContain('Mike Bostock');
    expect(page.length).toBeLessThan(1e6);
  });

  it('are refused before any work where they cannot be written', async () => {
    const { status, stderr, calls } = await infer(['profile', model, '--csv', at('no/such/folder.csv')], { inputs });
    expect([status, calls.runs]).toEqual([1, 0]);
    expect(stderr).toMatch(/^infer: --csv .*folder\.csv cannot be written: no such file or directory\n$/);
    const onFolder = await infer(['profile', model, '--html', folder], { inputs });
    expect(onFolder.stderr).toMatch(/is a directory\n$/);
  });
});
