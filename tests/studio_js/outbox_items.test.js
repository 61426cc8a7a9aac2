import assert from 'node:assert/strict';
import test from 'node:test';

import {
  BATCH, byProject, foreignNote, itemOf, keyOf, nextBatch, orphans, ownerOf, readItem, sortAnswers, summaryOf, waitingNote,
} from '../../bearkit/studio/js/outbox_items.js';

const BEARS = { project: 'ba5', called: 'bears' };
const step = (number) => ({
  project: 'ba5', kind: 'label', reviewer: 'ann', run: null, since: 0, view: 'label:auto', implied: false,
  token: `token-${number}`, choices: [{ image_id: String(number), action: 'keep', to: null }],
});
const waiting = (number, refused = '') => ({ ...itemOf(keyOf('ba5', '1-2', number), step(number), BEARS), refused });

test('keys sort in the order of the steps, and name project and tab', () => {
  const keys = [12, 2, 100].map((number) => keyOf('ba5', '1-2', number));
  assert.deepEqual([...keys].sort().map((key) => Number(key.slice(-8))), [2, 12, 100]);
  assert.deepEqual(ownerOf(keys[0]), { project: 'ba5', tab: '1-2' });
});

test('a step carries the name of its project only where this address serves that project', () => {
  assert.equal(itemOf('key', step(1), BEARS).step.called, 'bears');
  assert.equal(itemOf('key', step(1), { project: 'f00', called: 'pets' }).step.called, undefined);
});

test('a kept step is read back as it was', () => {
  const item = waiting(1);
  assert.deepEqual(readItem(item.key, JSON.stringify(item.step)), { ...item, persisted: true });
});

for (const text of ['{', 'null', '[]', '{"choices": 1}', '']) {
  test(`what cannot be read (${text || 'nothing'}) counts as refused and is not sent`, () => {
    const item = readItem(keyOf('f00', '1-2', 1), text);
    assert.equal(item.project, 'f00');
    assert.match(item.refused, /unreadable/);
    assert.deepEqual(nextBatch([item]), []);
  });
}

test('only steps of closed tabs are taken over, and each once', () => {
  const keys = ['1-1', '2-2', '3-3', '4-4'].map((tab) => keyOf('ba5', tab, 1));
  const known = [{ ...waiting(1), key: keys[2] }];
  assert.deepEqual(orphans(keys, '1-1', ['bearkit-2-2', undefined], known), [keys[3]]);
});

test('a request has the oldest steps that were not refused, at most a batch of them', () => {
  const items = Array.from({ length: BATCH + 5 }, (_, number) => waiting(number, number === 1 ? 'no' : ''));
  const batch = nextBatch(items);
  assert.equal(batch.length, BATCH);
  assert.deepEqual(batch.slice(0, 3), [items[0], items[2], items[3]]);
});

test('a step that cannot be stored now holds up all later ones', () => {
  const batch = [waiting(1), waiting(2), waiting(3)];
  const answers = [{ stored: ['1'] }, { error: 'busy', again: true }, { stored: ['3'] }];
  assert.deepEqual(sortAnswers(batch, answers), { settled: [[batch[0], answers[0]]], problem: 'busy' });
});

test('a refused step holds up nothing', () => {
  const batch = [waiting(1), waiting(2)];
  const answers = [{ error: 'no such label' }, { stored: ['2'] }];
  assert.deepEqual(sortAnswers(batch, answers), { settled: [[batch[0], answers[0]], [batch[1], answers[1]]], problem: '' });
});

test('a step without an answer is sent again', () => {
  const batch = [waiting(1), waiting(2)];
  const { settled, problem } = sortAnswers(batch, [{ stored: ['1'] }]);
  assert.deepEqual(settled.map(([item]) => item), [batch[0]]);
  assert.match(problem, /does not answer/);
});

test('the line says what waits, and nothing before there was a decision', () => {
  assert.equal(summaryOf([], false), '');
  assert.equal(summaryOf([], true), 'All saved');
  assert.equal(summaryOf([waiting(1), waiting(2)], true), '2 waiting');
});

test('one decision that this browser cannot keep asks for an open page', () => {
  assert.equal(waitingNote([{ ...waiting(1), persisted: true }]), 'It is kept in this browser and sent automatically.');
  assert.match(waitingNote([waiting(1)]), /^Keep this page open until it is saved: this browser cannot store it,/);
  assert.match(waitingNote([waiting(1), waiting(2)]), /^Keep this page open until they are saved: .* cannot store them,/);
});

test('decisions of other projects are told apart by the name of the project', () => {
  const items = [waiting(1), { ...waiting(2), step: { choices: [], token: 'x' } }, waiting(3)];
  assert.deepEqual([...byProject(items)].map(([called, those]) => [called, those.length]), [['bears', 2], ['', 1]]);
  assert.match(foreignNote('bears', 1, 'http://here'), /^1 decision of the project “bears” waits .* To send it,.* http:\/\/here\.$/);
  assert.match(foreignNote('', 2, 'http://here'), /^2 decisions of another project wait .* To send them,/);
});
