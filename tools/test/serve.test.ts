import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireDevice } from '@tessera/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../verify/support/shared-data.js';
import { killBatch } from '../verify/batch/kill.js';
import { loadMalformed, sendMalformed } from '../verify/serve/hostile.js';
import { load } from '../verify/serve/load.js';
import { loseDevices } from '../verify/serve/loss.js';
import { startProcess, type ServerProcess } from '../verify/serve/process.js';
import { digitsTarget, makeCases, type Case } from '../verify/serve/requests.js';
import { terminate } from '../verify/serve/terminate.js';

const model = join(repositoryRoot, 'examples', 'digits', 'digits.onnx');

let folder: string;
let server: ServerProcess;
let cases: Case[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-served-'));
  copyFileSync(model, join(folder, 'digits.onnx'));
  const device = await acquireDevice();
  cases = await makeCases(model, digitsTarget, device, 16, 1);
  device.dispose();
  server = await startProcess([folder]);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('infer serve', () => {
  it('answers mixed requests as solitary runs do, beside clients that misbehave', async () => {
    const { outcomes, lost, disturbances } = await load(server, cases, 300, 8);
    expect({ ...outcomes, lost }).toEqual({ right: 300, retryable: 0, wrong: 0, lost: 0 });
    expect(disturbances).toBeGreaterThan(0);
  });

  it('answers malformed requests and models by 4xx without paths', async () => {
    expect((await sendMalformed(server, folder, 300, 1)).faults).toEqual([]);
    expect((await loadMalformed(server, folder, model, 40)).faults).toEqual([]);
  });

  it('answers what it took before it ends', async () => {
    const { answered, cut, status } = await terminate(server, cases, 8, 300);
    expect({ cut, status }).toEqual({ cut: [], status: 0 });
    expect(answered).toBeGreaterThan(0);
  });

  it('serves again after the loss of its device', async () => {
    const { outcomes, lost, recoveryMs } = await loseDevices(model, process.env.TESSERA_ADAPTER || 'auto', cases, 2, 8);
    expect(outcomes.wrong + lost).toBe(0);
    expect(recoveryMs).toHaveLength(2);
  });
});

describe('infer batch', () => {
  it('loses and redoes nothing when it is killed', async () => {
    const { doneAtKill, faults } = await killBatch(process.env.TESSERA_ADAPTER || 'auto', 1, 200);
    expect(faults).toEqual([]);
    expect(doneAtKill.at(-1)).toBeGreaterThan(0);
  });
});
