import assert from 'node:assert/strict';
import test from 'node:test';

import { reviewAction } from '../../bearkit/studio/js/keys.js';
import { keysOf } from '../../bearkit/studio/js/review_help.js';

const ORDER = ['bear', 'cub', 'fox'];
const NAMES = { Space: ' ', Esc: 'Escape' };
const rowsOf = (kind, labels = ORDER) => new Map(keysOf({ kind, order: ORDER, labels }));

for (const kind of ['label', 'duplicate', 'unlabelled', 'deleted', 'mistake']) {
  test(`every key in the overlay does something on a page of the kind ${kind}`, () => {
    for (const key of rowsOf(kind).keys()) {
      const now = { kind, twin: kind === 'duplicate', large: true };
      if (key !== 'Arrows') assert.notEqual(reviewAction(NAMES[key] ?? key, now), '', key);
    }
  });
}

test('keys that mean nothing on a page are left out', () => {
  assert.equal(rowsOf('unlabelled').has('k'), false);
  assert.equal(rowsOf('label').has('s'), false);
  assert.equal(rowsOf('duplicate').get('s'), 'delete the right picture');
});

test('a digit stands for a label only while pictures have it', () => {
  const rows = rowsOf('label', ['bear', 'fox']);
  assert.deepEqual([rows.get('1'), rows.get('2'), rows.get('3')], ['bear', undefined, 'fox']);
});

test('Enter says what becomes of the rest', () => {
  assert.match(rowsOf('label').get('Enter'), /^keep the rest/);
  assert.match(rowsOf('unlabelled').get('Enter'), /^label the rest as proposed/);
});
