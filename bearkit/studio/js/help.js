// The overlay with a page's keys.

/** @import { Child } from './dom.js' */

import { make } from './dom.js';

/** A row of the overlay: a key, and what it does; or a heading without a key. @typedef {[string, ...Child[]]} Row */

/**
 * Returns the overlay, closed.
 * @param {() => void} onclose
 */
export function newHelp(onclose) {
  const outside = (/** @type {MouseEvent} */ event) => { if (event.target === dialog) dialog.close(); };
  const dialog = make('dialog', { class: 'rv-palette lb-help', 'aria-label': 'keys', onclose, onclick: outside });
  return dialog;
}

/**
 * Opens the overlay.
 * @param {HTMLDialogElement} dialog
 * @param {Row[]} rows
 */
export function showHelp(dialog, rows) {
  const table = make('table', {}, ...rows.map(([key, ...text]) =>
    make('tr', {}, make('td', {}, key ? make('kbd', {}, key) : null), make('td', {}, ...text))));
  dialog.replaceChildren(table, make('button', { type: 'button', onclick: () => dialog.close() }, 'Close (Esc)'));
  dialog.showModal();
}
