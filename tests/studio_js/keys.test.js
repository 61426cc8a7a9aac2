import assert from 'node:assert/strict';
import test from 'node:test';

import { dataAction, isDigit, isMove, labelAction, moved, reviewAction } from '../../bearkit/studio/js/keys.js';

const NOW = { kind: 'label', twin: false, large: false };

test('arrows move, and no other key repeats', () => {
  assert.deepEqual(['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp', 'Enter', 'd'].filter(isMove),
    ['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp']);
});

test('keys of the Label tab', () => {
  const keys = { Enter: 'confirm', k: 'select', x: 'later', d: 'delete', Delete: 'delete', l: 'label', L: 'like', U: 'redo', '?': 'help', q: '', 1: '' };
  for (const [key, action] of Object.entries(keys)) assert.equal(labelAction(key), action, key);
});

test('keys of the Review tab', () => {
  const keys = { Enter: 'confirm', k: 'keep', d: 'delete', 3: 'digit', 0: '', l: 'label', u: 'undo', ' ': 'large', x: '' };
  for (const [key, action] of Object.entries(keys)) assert.equal(reviewAction(key, NOW), action, key);
});

test('keys of the Data tab', () => {
  const keys = { Enter: 'open', k: 'select', a: 'all', l: 'label', d: 'delete', Delete: 'delete', u: 'undo', L: 'like', '/': 'search', Escape: 'leave', x: '' };
  for (const [key, action] of Object.entries(keys)) assert.equal(dataAction(key), action, key);
});

test('what a picture without a label has cannot be kept', () => {
  assert.equal(reviewAction('k', { ...NOW, kind: 'unlabelled' }), '');
  assert.equal(reviewAction('k', { ...NOW, kind: 'deleted' }), 'keep');
});

test('only one of two near-duplicates has a right one to delete', () => {
  assert.equal(reviewAction('s', NOW), '');
  assert.equal(reviewAction('s', { ...NOW, twin: true }), 'other');
});

test('Escape belongs to the page while a picture is large', () => {
  assert.equal(reviewAction('Escape', NOW), '');
  assert.equal(reviewAction('Escape', { ...NOW, large: true }), 'close');
});

test('an arrow stops at the ends of the grid', () => {
  assert.equal(moved('ArrowRight', 4, 3, 5), 4);
  assert.equal(moved('ArrowLeft', 0, 3, 5), 0);
  assert.equal(moved('ArrowDown', 1, 3, 5), 4);
  assert.equal(moved('ArrowUp', 4, 3, 5), 1);
  assert.equal(moved('ArrowUp', 0, 3, 0), 0);
});

test('zero is no key of a label', () => {
  assert.deepEqual(['0', '1', '9', '10', 'a', ''].filter(isDigit), ['1', '9']);
});
