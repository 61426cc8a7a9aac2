// Which key does what. The tables name actions; each tab has a function for each.

/** @import { GridTab } from './types' */

/** @type {Record<string, string>} */
const SHARED = {
  l: 'label', E: 'example', d: 'delete', Delete: 'delete', u: 'undo', r: 'redo', U: 'redo', ' ': 'large',
  Enter: 'confirm', '?': 'help',
};
/** @type {Record<string, string>} */
const LABEL = { ...SHARED, k: 'select', x: 'later', L: 'like', M: 'map', Escape: 'leave' };
/** @type {Record<string, string>} */
const REVIEW = { ...SHARED, k: 'keep', s: 'other', Escape: 'close' };
/** @type {Record<string, string>} */
const DATA = {
  ...SHARED, Enter: 'open', k: 'select', a: 'all', L: 'like', R: 'restore', '/': 'search', Escape: 'leave',
};
const MOVES = ['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp'];
const FIELDS = 'input, textarea, select, dialog, [contenteditable]:not([contenteditable=false]), [role=combobox], '
  + '[role=listbox]:not(.rv-grid)';

/**
 * Returns whether a key moves to another picture; only then it repeats while it is held.
 * @param {string} key
 */
export function isMove(key) {
  return MOVES.includes(key);
}

/**
 * Returns the name of a key's action on the Label tab. Keys of labels are not among them.
 * @param {string} key
 * @returns {string} "" for none
 */
export function labelAction(key) {
  return LABEL[key] ?? '';
}

/**
 * Returns the name of a key's action on the Data tab.
 * @param {string} key
 * @returns {string} "" for none
 */
export function dataAction(key) {
  return DATA[key] ?? '';
}

/**
 * Returns the name of a key's action on the Review tab.
 * @param {string} key
 * @param {{ kind: string, twin: boolean, large: boolean }} now the kind of the page, whether the current picture is one
 *   of two near-duplicates, and whether a picture is shown large
 * @returns {string} "" for none
 */
export function reviewAction(key, { kind, twin, large }) {
  const action = REVIEW[key] ?? (isDigit(key) ? 'digit' : '');
  if (action === 'keep' && kind === 'unlabelled') return '';  // there is no label to keep
  if (action === 'other' && !twin) return '';
  return action === 'close' && !large ? '' : action;
}

/** @param {string} key */
export function isDigit(key) {
  return /^[1-9]$/.test(key);
}

/**
 * Returns the place of the picture that an arrow key leads to, in a grid with rows of the same length.
 * @param {string} key
 * @param {number} current
 * @param {number} columns
 * @param {number} n pictures
 */
export function moved(key, current, columns, n) {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[key] ?? 0;
  return Math.max(0, Math.min(n - 1, current + step));
}

/**
 * Calls a tab's `handleKey` for keys anywhere on it, except in a text field: a grid loses the focus too often.
 * @param {GridTab<any>} tab
 */
export function followKeys(tab) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !tab.root.offsetParent) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest(FIELDS)) return;
    const onButton = target?.closest('button, a, summary');
    if (onButton && ['Enter', ' ', ...MOVES].includes(event.key)) return;
    if (tab.handleKey(event)) event.preventDefault();
  });
}
