// The filters of a grid: in the page's address, and as menus.

/** @import { GridTab } from './types' */

import { readView, tabOf, withView } from './address_parts.js';
import { make } from './dom.js';

/** @typedef {GridTab<any>} AnyTab */

/**
 * Takes the filters of the page's address.
 * @param {AnyTab} tab
 * @returns {boolean} whether they are others than before
 */
export function readAddress(tab) {
  const before = JSON.stringify(tab.view);
  Object.assign(tab.view, readView(location.search, tab.filters));
  return JSON.stringify(tab.view) !== before;
}

/** @param {AnyTab} tab */
export function writeAddress(tab) {
  if (tabOf(location.search) !== tab.name) return;  // another tab is open by now
  history.replaceState(history.state, '', withView(location.href, tab.view));
}

/**
 * Makes an entry of the browser's history: Back goes to the filters, or closes the picture, of before.
 * @param {AnyTab} tab
 * @param {boolean} [large] whether a picture was opened
 */
export function pushAddress(tab, large = false) {
  if (tabOf(location.search) !== tab.name) return;
  history.pushState({ ...history.state, large }, '', withView(location.href, tab.view));
}

/**
 * Returns a menu for a filter.
 * @param {AnyTab} tab
 * @param {string} name
 * @param {[string, string][]} options the value and the text of each
 */
export function choice(tab, name, options) {
  const value = tab.view[name] ?? '';
  const all = options.some(([one]) => one === value) ? options : [...options, /** @type {const} */ ([value, value])];
  const onchange = () => { tab.view[name] = select.value; tab.filtered(name); };
  const select = make('select', { name, 'aria-label': tab.captions[name], onchange },
    ...all.map(([one, text]) => make('option', { value: one, selected: one === value }, text)));
  return make('label', {}, tab.captions[name], select);
}
