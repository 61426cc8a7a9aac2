import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import test from 'node:test';

import { entriesOf, exceptions, groupsOf, stepBack } from '../../bearkit/studio/js/choices.js';
import { decidedId, followAnswer, markWaiting, noteStep } from '../../bearkit/studio/js/states.js';

globalThis.crypto ??= webcrypto;  // node 18 has it only here

const image = (id, proposed = 'bear', given = false) => ({ image_id: id, path: `${id}.jpg`, url: null, proposed, probability: 0.9, given });
const row = (id, action, to) => ({ image_id: id, action, to, now: null });
const shown = () => ({ states: new Map(), sent: new Map(), number: 0 });

test('Enter stores the proposals, and what was chosen instead', () => {
  const images = [image('a'), image('b'), image('c', null), image('d', 'bear', true)];
  const choices = new Map([['b', { action: 'label', to: 'cub' }], ['d', { action: 'delete', to: null }]]);
  const stored = entriesOf(images, choices, new Map()).map(({ image: { image_id: id }, action, to }) => [id, action, to]);
  assert.deepEqual(stored, [['a', 'label', 'bear'], ['b', 'label', 'cub'], ['d', 'delete', null]]);
});

test('what was sent is not stored again', () => {
  const states = new Map([['a', { action: 'label', to: 'bear', state: 'pending', number: 1 }]]);
  assert.deepEqual(entriesOf([image('a'), image('b')], new Map(), states).map((entry) => entry.image.image_id), ['b']);
});

test('an undone step keeps what differed from its most frequent label', () => {
  const rows = [row('a', 'label', 'bear'), row('b', 'label', 'bear'), row('c', 'label', 'cub'), row('d', 'keep', null), row('e', 'delete', null), row('f', 'relabel', 'x')];
  assert.deepEqual([...exceptions(rows)], [
    ['c', { action: 'label', to: 'cub' }], ['d', { action: 'keep', to: null }], ['e', { action: 'delete', to: null }]]);
  assert.deepEqual([...exceptions([])], []);
});

test('pictures stand in groups of one proposed label', () => {
  const images = [image('a', 'bear'), image('b', 'bear'), image('c', 'cub'), image('d', 'cub', true), image('e', 'bear')];
  assert.deepEqual(groupsOf(images).map(({ label, given, images: those }) => [label, given, those.length]),
    [['bear', false, 2], ['cub', false, 1], ['cub', true, 1], ['bear', false, 1]]);
  assert.deepEqual(groupsOf([]), []);
});

test('a choice is taken back, and made again', () => {
  const before = new Map(), after = new Map([['a', { action: 'keep', to: null }]]);
  const now = { choices: after, current: 3 }, past = [{ choices: before, current: 0 }], future = [];
  assert.equal(stepBack(now, past, future), true);
  assert.deepEqual(now, { choices: before, current: 0 });
  assert.equal(stepBack(now, future, past), true);
  assert.deepEqual(now, { choices: after, current: 3 });
  assert.equal(stepBack(now, future, past), false);
});

test('a decision is pending until its answer comes, under the spelling of the studio', () => {
  const page = shown();
  const token = noteStep(page, [{ image: image('a'), action: 'label', to: 'bär ' }, { image: image('b'), action: 'keep', to: null }]);
  assert.deepEqual(page.states.get('a'), { action: 'label', to: 'bär ', state: 'pending', number: 1 });
  const answer = { stored: ['a'], labels: { a: 'Bär' }, others: { b: 'before: cub, by ben' } };
  const { entries, unchanged } = followAnswer(page, { kind: 'stored', step: { token, choices: [] }, answer });
  assert.equal(entries.length, 2);
  assert.equal(unchanged, 1);
  assert.deepEqual(page.states.get('a'), { action: 'label', to: 'Bär', state: 'stored', number: 1, others: undefined });
  assert.equal(page.states.get('b').others, 'before: cub, by ben');
});

test('an answer to an earlier decision leaves the later one as it is', () => {
  const page = shown();
  const first = noteStep(page, [{ image: image('a'), action: 'delete', to: null }]);
  noteStep(page, [{ image: image('a'), action: 'keep', to: null }]);
  followAnswer(page, { kind: 'stored', step: { token: first, choices: [] }, answer: { stored: ['a'] } });
  assert.deepEqual(page.states.get('a'), { action: 'keep', to: null, state: 'pending', number: 2 });
});

test('a discarded decision is forgotten, a refused one is shown', () => {
  const page = shown();
  const tokens = ['a', 'b'].map((id) => noteStep(page, [{ image: image(id), action: 'keep', to: null }]));
  followAnswer(page, { kind: 'discarded', step: { token: tokens[0], choices: [] } });
  followAnswer(page, { kind: 'refused', step: { token: tokens[1], choices: [] } });
  assert.equal(page.states.has('a'), false);
  assert.equal(page.states.get('b').state, 'refused');
});

test('an answer to a step of another page changes nothing', () => {
  const page = shown();
  noteStep(page, [{ image: image('a'), action: 'keep', to: null }]);
  assert.deepEqual(followAnswer(page, { kind: 'stored', step: { token: 'x', choices: [] }, answer: { stored: ['a'] } }), { entries: [], unchanged: 0 });
  assert.equal(page.states.get('a').state, 'pending');
});

test('decisions that wait since before a reload are marked', () => {
  const page = shown();
  const steps = [['1', '', ['a', 'x']], ['2', 'no such label', ['b']]].map(([token, refused, ids]) => ({
    key: token, project: 'p', persisted: true, refused, step: { token, choices: ids.map((id) => ({ image_id: id, action: 'keep', to: null })) } }));
  markWaiting(page, [image('a'), image('b'), image('c')], steps);
  assert.deepEqual([...page.states].map(([id, { state, number }]) => [id, state, number]), [['a', 'pending', 1], ['b', 'refused', 2]]);
  assert.equal(page.sent.get('1').entries.length, 1);
});

test('the right one of two near-duplicates has its own id', () => {
  const pair = { ...image('a'), twin: { image_id: 'b', path: 'b.jpg', url: null } };
  assert.equal(decidedId({ image: pair, action: 'other', to: null }), 'b');
  assert.equal(decidedId({ image: pair, action: 'delete', to: null }), 'a');
});
