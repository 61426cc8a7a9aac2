// The overlay with the keys and the labels of the Label tab.

/** @import { Row } from './help' */
/** @import { LabelTab } from './label_types' */

import { make } from './dom.js';
import { showHelp } from './help.js';
import { dotOfLabel, examplesOf } from './label_set.js';

/** @type {Row[]} */
const KEYS = [
  ['Enter', 'give each picture of the page its label'],
  ['1-9', 'give a label to the selected pictures, or to the whole page'],
  ['l', 'type a label, also a new one'], ['Click, k', 'select a picture that is different'],
  ['Shift and click, Shift and arrows', 'select a range'], ['x', 'not sure: later'], ['d', 'delete'], ['u', 'undo'],
  ['r', 'redo'], ['Arrows', 'move'], ['Space', 'show large'], ['L', 'show pictures like this one'],
  ['E', 'use as example of its label'], ['Esc', 'select nothing'], ['M', 'the map: every picture as a dot'],
  ['?', 'these keys'],
];
/** @type {Row[]} */
const MAP_KEYS = [
  ['Drag', 'draw a lasso around pictures: the grid shows them (Shift and drag, where dragging moves the map)'],
  ['Click, Enter', 'the pictures nearest to this place'], ['Arrows', 'move a cursor'], ['Wheel, +, −', 'zoom'],
  ['Home', 'the whole map'], ['Esc', 'no lasso, no cursor, all labels'],
];

/**
 * Opens the overlay with the keys and the labels.
 * @param {LabelTab} tab
 * @param {HTMLDialogElement} help
 */
export function showKeys(tab, help) {
  /** @type {Row[]} */
  const labels = tab.page.labels.map((one) => [one.key, dotOfLabel(tab, one.label), ' ', make('b', {}, one.label),
    one.description ? `: ${one.description}` : '', examplesOf(one)]);
  /** @type {Row[]} */
  const ofMap = tab.view.map ? [['', make('b', {}, 'On the map')], ...MAP_KEYS] : [];
  showHelp(help, [...KEYS, ...ofMap, ...labels]);
}
