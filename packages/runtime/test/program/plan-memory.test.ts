import { describe, expect, it } from 'vitest';
import { planMemory } from '../../src/program/plan-memory.js';
import type { BufferSlot, Program, Step } from '../../src/program/types.js';

const slot = (byteLength: number, kind: BufferSlot['kind'] = 'activation'): BufferSlot => ({ byteLength, kind });

const kernel = { label: 'k', code: '', bindings: [], hasParams: false, workgroupSize: [1, 1, 1] as const };
const step = (...buffers: number[]): Step => ({
  node: 0,
  kernel,
  workgroups: [1, 1, 1],
  params: [],
  buffers,
  algorithm: 'k',
  flops: 0,
  bytes: 0,
});

function program(buffers: BufferSlot[], steps: Step[], outputs: number[]): Program {
  const value = (buffer: number) => ({
    name: `v${buffer}`,
    dataType: 'float32' as const,
    dims: [1],
    operand: { buffer, elementType: 'f32' as const, dataType: 'float32' as const, shape: [1], strides: [1], offset: 0 },
  });
  return { nodes: [], choices: [], buffers, steps, inputs: [], outputs: outputs.map(value) };
}

describe('planMemory', () => {
  it('reuses an allocation from the step after its last reader', () => {
    const chain = program([slot(64, 'input'), slot(64), slot(64), slot(64)], [step(0, 1), step(1, 2), step(2, 3)], [3]);
    const plan = planMemory(chain);
    expect(plan.placement).toEqual([undefined, 0, 1, 0]);
    expect(plan.activationBytes).toBe(128);
  });

  it('never lets two live buffers share an allocation', () => {
    // 1 is read again at the end, as a residual is.
    const residual = program(
      [slot(32, 'input'), slot(32), slot(32), slot(32), slot(32)],
      [step(0, 1), step(1, 2), step(2, 3), step(3, 1, 4)],
      [4],
    );
    const { placement } = planMemory(residual);
    expect(placement[1]).not.toBe(placement[2]);
    expect(placement[1]).not.toBe(placement[3]);
    expect(placement[4]).not.toBe(placement[1]);
    expect(placement[4]).not.toBe(placement[3]);
  });

  it('keeps outputs to the end', () => {
    const plan = planMemory(program([slot(16), slot(16), slot(16)], [step(0), step(0, 1), step(1, 2)], [0, 2]));
    expect(plan.placement[0]).not.toBe(plan.placement[1]);
    expect(plan.placement[0]).not.toBe(plan.placement[2]);
  });

  it('takes the smallest free allocation that fits, and grows one otherwise', () => {
    const plan = planMemory(
      program([slot(100), slot(40), slot(30), slot(200)], [step(0, 1), step(1), step(2), step(2, 3)], [3]),
    );
    expect(plan.placement[2]).toBe(plan.placement[1]);
    expect(plan.placement[3]).toBe(plan.placement[0]);
    expect(plan.allocations).toEqual([200, 40]);
  });

  it('counts weights and inputs apart', () => {
    const weight = { byteLength: 8, kind: 'weight' as const, weight: { key: 'w', byteLength: 8, pieces: () => [] } };
    const plan = planMemory(program([slot(24, 'input'), weight, slot(16)], [step(0, 1, 2)], [2]));
    expect(plan).toMatchObject({ inputBytes: 24, weightBytes: 8, activationBytes: 16 });
  });
});
