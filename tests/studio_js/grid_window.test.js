import assert from 'node:assert/strict';
import test from 'node:test';

import {
  cellAt, jumped, layoutOf, missingParts, rowsInSight, topToSee,
} from '../../bearkit/studio/js/grid_window.js';

const SIZES = { least: 100, gap: 10, caption: 20 };
const LAYOUT = layoutOf(540, 98, SIZES);  // five columns of 100 pixels, twenty rows of 130

test('as many columns as fit share the width, and rows are as high as wide and a caption', () => {
  assert.deepEqual(LAYOUT, { columns: 5, cell: 100, row: 130, gap: 10, height: 2600 });
  assert.deepEqual(layoutOf(539, 98, SIZES), { columns: 4, cell: 127, row: 157, gap: 10, height: 25 * 157 });
});

test('a narrow grid has at least the columns that it must have, or one', () => {
  assert.equal(layoutOf(200, 9, { ...SIZES, columns: 3 }).cell, 60);
  assert.equal(layoutOf(60, 9, SIZES).columns, 1);
  assert.equal(layoutOf(60, 9, SIZES).cell, 60);
});

test('an empty grid has no height and no rows', () => {
  const none = layoutOf(540, 0, SIZES);
  assert.equal(none.height, 0);
  const [first, last] = rowsInSight(none, 0, 500, 0);
  assert.ok(last < first);
});

test('the rows in sight are drawn, and half as many before and after', () => {
  assert.deepEqual(rowsInSight(LAYOUT, 0, 390, 98), [0, 5]);
  assert.deepEqual(rowsInSight(LAYOUT, 1300, 390, 98), [8, 15]);
  assert.deepEqual(rowsInSight(LAYOUT, 2210, 390, 98), [15, 19]);
});

test('a grid that became shorter than it is scrolled draws its end', () => {
  assert.deepEqual(rowsInSight(LAYOUT, 90_000, 390, 98), [19, 19]);
});

test('a long grid draws as few rows as a short one', () => {
  const long = layoutOf(540, 1_000_000, SIZES);
  const [first, last] = rowsInSight(long, 13_000_000, 390, 1_000_000);
  assert.equal(first, 100_000 - 2);
  assert.equal(last - first, 7);
});

test('only parts with a missing picture are asked for, each once', () => {
  const here = new Set([0, 1, 2, 3, 4, 5, 6, 12, 13, 14]);
  assert.deepEqual(missingParts(2, 14, 5, (cell) => here.has(cell)), [5, 10]);
  assert.deepEqual(missingParts(2, 6, 5, (cell) => here.has(cell)), []);
  assert.deepEqual(missingParts(0, 11, 5, () => false), [0, 5, 10]);
});

test('the grid is scrolled only as far as a cell needs to be in sight', () => {
  assert.equal(topToSee(LAYOUT, 0, 0, 390), 0);
  assert.equal(topToSee(LAYOUT, 12, 130, 390), 130);     // in sight already
  assert.equal(topToSee(LAYOUT, 2, 130, 390), 0);        // above
  assert.equal(topToSee(LAYOUT, 20, 0, 390), 5 * 130 - 10 - 390);  // below: its end is at the end of what is seen
});

test('a place of the grid is a cell, and outside of it the nearest one', () => {
  assert.equal(cellAt(LAYOUT, 0, 0, 98), 0);
  assert.equal(cellAt(LAYOUT, 214, 270, 98), 11);  // in the gap, nearer to the cell on its left
  assert.equal(cellAt(LAYOUT, 216, 270, 98), 12);
  assert.equal(cellAt(LAYOUT, 9999, -50, 98), 4);
  assert.equal(cellAt(LAYOUT, 9999, 9999, 98), 97);
});

test('Home, End and the page keys go far, and never beyond the ends', () => {
  const from = (key, current) => jumped(key, current, LAYOUT, 390, 98);
  assert.equal(from('Home', 50), 0);
  assert.equal(from('End', 50), 97);
  assert.equal(from('PageDown', 50), 65);
  assert.equal(from('PageUp', 50), 35);
  assert.equal(from('PageDown', 95), 97);
  assert.equal(from('PageUp', 3), 0);
  assert.equal(from('ArrowDown', 3), null);
  assert.equal(from('constructor', 3), null);
});
