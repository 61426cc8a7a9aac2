import assert from 'node:assert/strict';
import test from 'node:test';

import { findLabels, nextEntry } from '../../bearkit/studio/js/offers.js';
import { plural, short, tidy } from '../../bearkit/studio/js/text.js';

const LABELS = ['black bear', 'bear', 'bear cub', 'Brown Bear', 'grizzly', 'straße'];

test('labels that begin so come before those that contain it', () => {
  assert.deepEqual(findLabels(LABELS, 'b'), { begin: ['black bear', 'bear', 'bear cub', 'Brown Bear'], contain: [], fresh: 'b' });
  assert.deepEqual(findLabels(LABELS, 'ear'), { begin: [], contain: ['black bear', 'bear', 'bear cub', 'Brown Bear'], fresh: 'ear' });
});

test('a label that is typed in full comes first, though others begin so', () => {
  assert.deepEqual(findLabels(['bear cub', 'bear'], 'bear'), { begin: ['bear', 'bear cub'], contain: [], fresh: '' });
});

test('case, blanks and invisible letters do not matter', () => {
  for (const typed of ['BROWN bear', '  brown   bear ', 'bro\u00adwn\u200b bear']) {
    assert.deepEqual(findLabels(LABELS, typed).begin, ['Brown Bear'], typed);
  }
});

test('letters count as the same however they are composed', () => {
  assert.deepEqual(findLabels(['Bär'], 'Ba\u0308r'), { begin: ['Bär'], contain: [], fresh: '' });
});

test('nothing typed offers every label, and no new one', () => {
  assert.deepEqual(findLabels(LABELS, ' '), { begin: LABELS, contain: [], fresh: '' });
});

test('a new label is offered as it will look', () => {
  assert.equal(findLabels(LABELS, '  polar   bear ').fresh, 'polar bear');
  assert.equal(findLabels(LABELS, 'grizzly').fresh, '');
});

test('arrows go round the list; from no entry, down leads to the first and up to the last', () => {
  assert.equal(nextEntry('ArrowDown', 2, 3), 0);
  assert.equal(nextEntry('ArrowUp', 0, 3), 2);
  assert.equal(nextEntry('ArrowDown', -1, 3), 0);
  assert.equal(nextEntry('ArrowUp', -1, 3), 2);
  assert.equal(nextEntry('ArrowDown', 0, 0), 0);
  assert.equal(nextEntry('x', 1, 3), 1);
});

test('words for numbers and long labels', () => {
  assert.equal(plural(1, 'picture'), '1 picture');
  assert.equal(plural(0, 'picture'), '0 pictures');
  assert.equal(short('b'.repeat(30)), 'b'.repeat(30));
  assert.equal(short('🐻'.repeat(31)), `${'🐻'.repeat(29)}…`);
  assert.equal(tidy('a\n b'), 'a b');
});
