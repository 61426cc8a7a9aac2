import assert from 'node:assert/strict';
import test from 'node:test';

import {
  GONE, codeInWords, dotOf, dotsInside, idOf, mapScale, moveCamera, nearestDots, onMap, onScreen, sortDots, spanOf,
  unpackDots, zoomAt,
} from '../../bearkit/studio/js/map_geometry.js';

const SIZE = { clientWidth: 424, clientHeight: 224 };
const camera = (changes = {}) => ({ x: 0.5, y: 0.5, zoom: 1, span: [1, 1], ...changes });
const places = (...dots) => ({ x: Float32Array.from(dots, ([x]) => x), y: Float32Array.from(dots, ([, y]) => y) });
const near = (one, other) => one.forEach((value, axis) => assert.ok(Math.abs(value - other[axis]) < 1e-9, `${one} is not ${other}`));
const base64 = (array) => Buffer.from(array.buffer).toString('base64');
// A grid of 21 x 21 dots; dot n lies at (n % 21, n / 21) twentieths.
const GRID = places(...Array.from({ length: 441 }, (_, n) => [(n % 21) / 20, Math.floor(n / 21) / 20]));
const ALL = Array.from({ length: 441 }, (_, n) => n);

test('the whole map fits, with a margin', () => {
  assert.equal(mapScale(SIZE, camera()), 200);
  near(onScreen(SIZE, camera(), [0, 0]), [112, 12]);
  near(onScreen(SIZE, camera(), [1, 1]), [312, 212]);
});

test('a place of the screen is the place of the map that is drawn there', () => {
  for (const view of [camera(), camera({ zoom: 7, x: 0.2, y: 0.9 }), camera({ span: [0.5, 0.1] })]) {
    near(onMap(SIZE, view, onScreen(SIZE, view, [0.3, 0.7])), [0.3, 0.7]);
  }
});

test('what is under the pointer stays there when one zooms', () => {
  const view = camera();
  const under = onMap(SIZE, view, [300, 100]);
  zoomAt(SIZE, view, 3, [300, 100]);
  assert.equal(view.zoom, 3);
  near(onMap(SIZE, view, [300, 100]), under);
});

test('the zoom has limits, and the map stays in sight', () => {
  const view = camera();
  zoomAt(SIZE, view, 1e9, [0, 0]);
  assert.equal(view.zoom, 400);
  zoomAt(SIZE, view, 0, [0, 0]);
  assert.equal(view.zoom, 1);
  moveCamera(view, 9, -9);
  assert.deepEqual([view.x, view.y], [1, 0]);
});

test('the nearest dots are those of a full search', () => {
  const place = [0.33, 0.58];
  const far = (n) => (GRID.x[n] - place[0]) ** 2 + (GRID.y[n] - place[1]) ** 2;
  const sorted = [...ALL].sort((one, other) => far(one) - far(other));
  assert.deepEqual(nearestDots(GRID, ALL, place, 9), sorted.slice(0, 9));
  assert.deepEqual(nearestDots(GRID, ALL, place, 1), sorted.slice(0, 1));
});

test('dots that are not shown cannot be hit', () => {
  assert.deepEqual(nearestDots(GRID, [440], [0, 0], 1), [440]);
  assert.deepEqual(nearestDots(GRID, [], [0, 0], 1), []);
  assert.deepEqual(nearestDots(GRID, [], [0, 0], 5), []);
  assert.deepEqual(nearestDots(GRID, [3, 4], [0, 0], 5), [3, 4]);
});

test('a rectangle holds the dots between its sides, drawn either way round', () => {
  const corners = [[0.09, 0.19], [0.31, 0.19], [0.31, 0.41], [0.09, 0.41]];
  const expected = ALL.filter((n) => GRID.x[n] > 0.09 && GRID.x[n] < 0.31 && GRID.y[n] > 0.19 && GRID.y[n] < 0.41);
  assert.equal(expected.length, 25);
  assert.deepEqual(dotsInside(GRID, ALL, corners), expected);
  assert.deepEqual(dotsInside(GRID, ALL, [...corners].reverse()), expected);
});

test('a hollow shape holds nothing of its hollow', () => {
  // A "U": its middle is outside, though it lies between the two arms.
  const corners = [[0, 0], [0.2, 0], [0.2, 0.8], [0.8, 0.8], [0.8, 0], [1, 0], [1, 1], [0, 1]];
  const where = places([0.1, 0.5], [0.5, 0.5], [0.9, 0.5], [0.5, 0.9], [0.5, 1.1]);
  assert.deepEqual(dotsInside(where, [0, 1, 2, 3, 4], corners), [0, 2, 3]);
});

test('a circle of many corners holds the dots within its radius', () => {
  const corners = Array.from({ length: 720 }, (_, n) => [0.5 + 0.31 * Math.cos(n * Math.PI / 360), 0.5 + 0.31 * Math.sin(n * Math.PI / 360)]);
  const expected = ALL.filter((n) => Math.hypot(GRID.x[n] - 0.5, GRID.y[n] - 0.5) < 0.31);
  assert.deepEqual(dotsInside(GRID, ALL, corners), expected);
});

test('a lasso without corners, or with one, holds nothing', () => {
  assert.deepEqual(dotsInside(GRID, ALL, []), []);
  assert.deepEqual(dotsInside(GRID, ALL, [[0.5, 0.5]]), []);
});

test('what the studio packs is unpacked: positions, ids and codes', () => {
  const ids = ['000000000001ff', 'fedcba98765432'];
  const bytes = Buffer.concat([Buffer.from(Uint16Array.from([0, 65535, 13107, 0]).buffer), ...ids.map((id) => Buffer.from(id.slice(0, 12), 'hex'))]);
  const labels = [{ label: 'bear', colour: '', place: 0, labelled: 1, proposed: 1 }];
  const dots = unpackDots({ version: '1', news: '', dots: bytes.toString('base64'), codes: base64(Int16Array.from([0, -2])), labels });
  assert.deepEqual([...dots.x, ...dots.y].map((value) => Number(value.toFixed(6))), [0, 0.2, 1, 0]);
  assert.deepEqual([0, 1].map((dot) => idOf(dots, dot)), ['000000000001', 'fedcba987654']);
  assert.deepEqual([...ids, '123456789abc'].map((id) => dotOf(dots, id)), [0, 1, -1]);
  assert.deepEqual([...dots.codes].map((code) => codeInWords(dots, code)), ['bear', 'proposed: bear']);
  assert.equal(codeInWords(dots, -1), 'no label');
});

test('the span is as far as a dot lies from the middle, and never nothing', () => {
  assert.deepEqual(spanOf(places([0.25, 0.5], [0.5, 0.75])), [0.5, 0.5]);
  assert.deepEqual(spanOf(places([0.5, 0.5])), [0.05, 0.05]);
});

test('dots lie in layers by what is known about them', () => {
  const codes = Int16Array.from([0, -1, -2, GONE, 1, -3]);
  assert.deepEqual(sortDots(codes, null), { faded: [], none: [1], proposed: [2, 5], labelled: [0, 4] });
});

test('a single label shows its dots and its proposals, and fades the others', () => {
  const codes = Int16Array.from([0, -1, -2, GONE, 1, -3]);
  assert.deepEqual(sortDots(codes, 0), { faded: [1, 4, 5], none: [], proposed: [2], labelled: [0] });
  assert.deepEqual(sortDots(codes, -1), { faded: [0, 2, 4, 5], none: [1], proposed: [], labelled: [] });
});
