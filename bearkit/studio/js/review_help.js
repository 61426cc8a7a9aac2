// The overlay with the keys and the labels of the Review tab.

/** @import { Row } from './help' */
/** @import { ReviewPage } from './types' */

import { showHelp } from './help.js';
import { make } from './dom.js';

/** @type {Record<string, string>} */
const RESTS = {
  duplicate: 'keep both of all the rest, next page', unlabelled: 'label the rest as proposed, next page',
  deleted: 'next page',
};

/**
 * Returns the rows of the overlay: what each key does on this page.
 * @param {Pick<ReviewPage, 'kind' | 'order' | 'labels'>} page
 * @returns {[string, string][]}
 */
export function keysOf({ kind, order, labels }) {
  const twins = kind === 'duplicate';
  /** @type {Record<string, string>} */
  const keeps = { unlabelled: '', deleted: 'restore', duplicate: 'keep both' };
  /** @type {[string, string][]} */
  const rows = [
    ['Enter', RESTS[kind] || 'keep the rest, next page'],
    ['k', keeps[kind] ?? 'keep: the label is right'],
    ['d', twins ? 'delete the left picture' : 'delete'], ['s', twins ? 'delete the right picture' : ''],
    ['l', 'type a label, also a new one'], ['u', 'undo'], ['r', 'redo'], ['Arrows', 'move'], ['Space', 'show large'],
    ['E', 'use as example of its label'], ['Esc', 'close the large picture'], ['?', 'these keys'],
  ];
  const digits = order.slice(0, 9).map((label, index) => /** @type {[string, string]} */ ([String(index + 1), label]));
  return [...rows.filter(([, text]) => text), ...digits.filter(([, label]) => labels.includes(label))];
}

/**
 * Opens the overlay.
 * @param {HTMLDialogElement} dialog
 * @param {ReviewPage} page
 */
export function showKeys(dialog, page) {
  /** @type {Row[]} */
  const rows = keysOf(page).map(([key, text]) => [key, /^[1-9]$/.test(key) ? make('b', {}, text) : text]);
  showHelp(dialog, rows);
}
