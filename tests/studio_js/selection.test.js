import assert from 'node:assert/strict';
import test from 'node:test';

import { addRange, placeInDirection, toggle, toggleAll } from '../../bearkit/studio/js/selection.js';

const IMAGES = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ image_id: id }));
// Two groups: three pictures and one; then two pictures, 10 pixels further to the right.
const BOXES = [[0, 0], [100, 0], [200, 0], [0, 120], [10, 300], [110, 300]].map(([left, top]) => ({ left, top, height: 100 }));

test('a picture is selected, and no longer', () => {
  const selected = new Set(['a']);
  toggle(selected, 'b');
  toggle(selected, 'a');
  assert.deepEqual([...selected], ['b']);
});

test('a range goes in either direction, and adds to what is selected', () => {
  const forward = new Set(['e']), backward = new Set(['e']);
  addRange(forward, IMAGES, 1, 3);
  addRange(backward, IMAGES, 3, 1);
  assert.deepEqual([...forward].sort(), ['b', 'c', 'd', 'e']);
  assert.deepEqual(backward, forward);
});

test('a range skips pictures that are not loaded', () => {
  const selected = new Set(), some = [];
  some[0] = IMAGES[0];
  some[3] = IMAGES[3];
  addRange(selected, some, 0, 3);
  assert.deepEqual([...selected], ['a', 'd']);
});

test('a range of one is one picture', () => {
  const selected = new Set();
  addRange(selected, IMAGES, 2, 2);
  assert.deepEqual([...selected], ['c']);
});

test('all are selected, then none', () => {
  const selected = new Set(['b', 'e']);
  toggleAll(selected, IMAGES.slice(0, 3));
  assert.deepEqual([...selected].sort(), ['a', 'b', 'c', 'e']);
  toggleAll(selected, IMAGES.slice(0, 3));
  assert.deepEqual([...selected], ['e']);
});

test('up and down lead to the nearest picture of the next row, whatever its length', () => {
  assert.equal(placeInDirection('ArrowDown', 2, BOXES), 3);
  assert.equal(placeInDirection('ArrowDown', 3, BOXES), 4);
  assert.equal(placeInDirection('ArrowUp', 5, BOXES), 3);
  assert.equal(placeInDirection('ArrowUp', 3, BOXES), 0);
});

test('left and right lead from row to row', () => {
  assert.equal(placeInDirection('ArrowRight', 2, BOXES), 3);
  assert.equal(placeInDirection('ArrowLeft', 4, BOXES), 3);
});

test('an arrow stops where there is no picture', () => {
  assert.equal(placeInDirection('ArrowUp', 1, BOXES), 1);
  assert.equal(placeInDirection('ArrowDown', 4, BOXES), 4);
  assert.equal(placeInDirection('ArrowRight', 5, BOXES), 5);
  assert.equal(placeInDirection('ArrowLeft', 0, BOXES), 0);
  assert.equal(placeInDirection('ArrowDown', 0, []), 0);
});
