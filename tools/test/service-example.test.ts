import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const digits = join(root, 'examples', 'digits');

let service: ChildProcess;
let address: string;

beforeAll(async () => {
  const script = join(root, 'examples', 'service', 'service.ts');
  service = spawn(process.execPath, ['--import', 'tsx', '--conditions', 'tessera-source', script, '0'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of service.stdout!) {
    text += String(chunk);
    const port = /port: (\d+)/.exec(text)?.[1];
    if (!port) continue;
    address = `http://127.0.0.1:${port}`;
    break;
  }
});
afterAll(() => service.kill('SIGKILL'));

async function picture(name: string): Promise<number[]> {
  const { data, info } = await sharp(join(digits, name)).raw().toBuffer({ resolveWithObject: true });
  return Array.from({ length: 64 }, (_, i) => data[i * info.channels] / 255);
}

const post = (body: string) => fetch(`${address}/digits`, { method: 'POST', body });

describe('the example service', () => {
  it('reads digits, also at once', async () => {
    const wanted = [0, 1, 2, 3, 4, 5, 6, 7, 9];
    const answers = wanted.map(async (digit) => {
      const response = await post(JSON.stringify(await picture(`digit-${digit}-a.png`)));
      return ((await response.json()) as { digit: number }).digit;
    });
    expect(await Promise.all(answers)).toEqual(wanted);
  });

  it('answers bad requests, and others', async () => {
    for (const body of ['', '[1,2', '[1,2]', JSON.stringify(Array(64).fill(2))]) {
      const response = await post(body);
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ error: 'the body must be a JSON list of 64 numbers from 0 to 1' });
    }
    expect((await fetch(`${address}/`)).status).toBe(404);
  });

  it('ends when it is told to', async () => {
    service.kill('SIGTERM');
    expect(await once(service, 'exit')).toEqual([0, null]);
  });
});
