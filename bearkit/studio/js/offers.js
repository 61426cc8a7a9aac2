// Which labels the palette offers for a typed text.

import { tidy } from './text.js';

/**
 * Finds labels by a part of their name, in any case. One that is typed in full comes first.
 * @param {string[]} labels
 * @param {string} typed
 * @returns {{ begin: string[], contain: string[], fresh: string }} labels that begin with the text, labels that contain
 *   it elsewhere, and the text itself if it is no label yet ("" otherwise)
 */
export function findLabels(labels, typed) {
  const text = tidy(typed);
  const sought = text.toLowerCase();
  const place = (/** @type {string} */ label) => tidy(label).toLowerCase().indexOf(sought);
  const begin = labels.filter((label) => place(label) === 0);
  return {
    begin: [...begin.filter((label) => label === text), ...begin.filter((label) => label !== text)],
    contain: labels.filter((label) => place(label) > 0),
    fresh: text && !labels.includes(text) ? text : '',
  };
}

/**
 * Returns the place of the entry that an arrow key leads to; after the last comes the first.
 * @param {string} key
 * @param {number} chosen -1 for none
 * @param {number} n entries
 */
export function nextEntry(key, chosen, n) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[key] ?? 0;
  return step && n ? (Math.max(chosen, step < 0 ? 0 : -1) + step + n) % n : chosen;
}
