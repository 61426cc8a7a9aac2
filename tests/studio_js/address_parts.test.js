import assert from 'node:assert/strict';
import test from 'node:test';

import { followed, readView, tabInWords, tabOf, withView } from '../../bearkit/studio/js/address_parts.js';

const FILTERS = {
  first: { by: 'auto', like: '', many: '24' },
  choices: { by: { auto: 'easiest first', random: 'at random' } },
  size: 'many',
};
const HERE = 'http://127.0.0.1:7860/?tab=review&kind=label&n=20';

test('an address without filters gives the first value of each', () => {
  assert.deepEqual(readView('?tab=label', FILTERS), FILTERS.first);
});

test('an address gives the filters that it names', () => {
  assert.deepEqual(readView('?by=random&like=f00&many=48', FILTERS), { by: 'random', like: 'f00', many: '48' });
});

test('a grid without pages has no number of pictures a page', () => {
  assert.deepEqual(readView('?find=fox&n=7', { first: { find: '', sort: '' }, choices: {} }), { find: 'fox', sort: '' });
});

for (const wrong of ['by=nothing', 'by=constructor', 'by=__proto__', 'many=0', 'many=201', 'many=many', 'many=-1', 'by=&many=']) {
  test(`a filter that makes no sense (${wrong}) is left out`, () => {
    assert.deepEqual(readView(`?${wrong}`, FILTERS), FILTERS.first);
  });
}

test('filters are written into an address, and empty ones are taken out', () => {
  const url = withView(`${HERE}&like=f00`, { by: 'random', like: '' });
  assert.equal(url.search, '?tab=review&kind=label&n=20&by=random');
});

test('a label with signs of an address survives being written and read', () => {
  const first = { like: '' }, label = 'A&B=C #1 ä+%';
  const { search } = withView(HERE, { like: label });
  assert.equal(readView(search, { first, choices: {}, size: 'n' }).like, label);
});

test('a link that names a filter of a set replaces all of them', () => {
  assert.equal(followed(`${HERE}&run=7&start=40`, '?tab=review&kind=deleted').search, '?tab=review&n=20&kind=deleted');
});

test('a link that names only a tab leaves its filters', () => {
  assert.equal(followed(`${HERE}&run=7`, '?tab=review').search, '?tab=review&kind=label&n=20&run=7');
});

test('the first tab is open where the address names none', () => {
  assert.equal(tabOf(''), 'data');
  assert.equal(tabOf('?tab=label&by=auto'), 'label');
});

test('the state of a step is no part of the name of its tab', () => {
  assert.equal(tabInWords('  Label · 120 left '), 'label');
  assert.equal(tabInWords('Train'), 'train');
});
