import { expect, test } from 'vitest';
import { shadeLines, sideBySide } from '../setup/art.js';

test('shades rise with the value, two characters a pixel', () => {
  expect(shadeLines({ width: 3, height: 2, data: Uint8Array.of(0, 64, 128, 191, 255, 0) })).toEqual([
    '  ░░▒▒',
    '▓▓██  ',
  ]);
});

test('blocks stand side by side as far as the terminal is wide', () => {
  const blocks = [
    ['aa', 'AA'],
    ['bb', 'BB'],
    ['cc', 'CC'],
  ];
  expect(sideBySide(blocks, 2, 7)).toBe('aa   bb\nAA   BB\n\ncc\nCC\n');
  expect(sideBySide(blocks, 2, 1).split('\n')).toHaveLength(9);
});
