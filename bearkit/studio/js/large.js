// The large picture beside the grid.

/** @import { Details, Failure, GridTab } from './types' */

import { make } from './dom.js';
import { hint, isLoading, scrollIntoSight, showError, shownImage } from './page.js';
import { failed } from './server.js';
import { short } from './text.js';

/** @typedef {GridTab<any>} AnyTab */

/**
 * Shows the current picture large.
 * @param {AnyTab} tab
 */
export async function showLarge(tab) {
  const { side, root, grid } = tab;
  const image = shownImage(tab);
  if (!image) return;
  const opened = side.hidden;
  side.hidden = false;
  root.classList.add('rv-open');
  if (opened) scrollIntoSight(tab, grid.querySelector('.cur'));  // the grid now has fewer columns
  if (side.dataset.id === image.image_id) return;
  side.dataset.id = image.image_id;
  tab.onLarge?.(image.image_id);
  /** @type {Details | Failure} */
  const found = await tab.call('details', { image_id: image.image_id });
  if (side.dataset.id !== image.image_id) return;
  if (failed(found)) return showError(tab, found);
  side.replaceChildren(...facts(tab, found, tab.labelOf(image)));
}

/**
 * @param {AnyTab} tab
 * @param {Details} found
 * @param {string} label
 */
function facts(tab, found, label) {
  const example = found.example ? 'No example any more (E)' : `Use as example of ${short(label)} (E)`;
  const near = found.neighbours.map((one) => make('figure', {},
    make('img', { src: one.url, alt: one.path, width: 96, height: 96 }),
    make('figcaption', { title: one.given }, one.given || 'no label')));
  return [
    ...stepsOf(tab),
    make('button', { type: 'button', class: 'rv-close', 'aria-label': 'close', onclick: () => hideLarge(tab) }, '×'),
    found.url ? make('img', { src: found.url, alt: found.given || 'no label', class: 'rv-big' })
      : make('div', { class: 'bk-note' }, 'The file is missing.'),
    ...(found.facts ? [factsOf(found.facts)] : [
      make('div', {}, make('b', {}, found.given || 'no label'),
        ` · ${found.split} · ${found.width} × ${found.height}`),
      make('div', { class: 'bk-quiet rv-path' }, found.path)]),
    label ? make('button', { type: 'button', onclick: () => markExample(tab) }, example) : '',
    make('div', {}, found.neighbours.length ? 'Most similar:' : ''),
    make('div', { class: 'rv-near' }, ...near),
    ...found.decisions.map((row) => make('div', { class: 'bk-quiet' }, row)),
  ];
}

/**
 * Returns buttons for the picture before and the one after, where the tab can go on from the large one.
 * @param {AnyTab} tab
 */
function stepsOf({ step }) {
  if (!step) return [];
  return [make('div', { class: 'rv-steps' },
    make('button', { type: 'button', 'aria-label': 'picture before', onclick: () => step(-1) }, '‹'),
    make('button', { type: 'button', 'aria-label': 'next picture', onclick: () => step(1) }, '›'))];
}

/** @param {[string, string][]} rows */
function factsOf(rows) {
  return make('dl', { class: 'rv-facts' }, ...rows.flatMap(([name, text]) => {
    const link = { href: text, target: '_blank', rel: 'noopener noreferrer' };
    return [make('dt', {}, name), make('dd', {}, /^https?:\/\//.test(text) ? make('a', link, text) : text)];
  }));
}

/**
 * Says that the current picture shows its label well; once more, and it is no example any more.
 * @param {AnyTab} tab
 */
export async function markExample(tab) {
  const image = shownImage(tab);
  const label = image && tab.labelOf(image);
  if (!label) return hint(tab, 'An example needs a label.');
  if (isLoading(tab)) return;
  await tab.outbox.settled();  // a label that was just typed is stored first
  /** @type {{ example: boolean } | Failure} */
  const answer = await tab.call('example', { image_id: image.image_id, label });
  if (failed(answer)) return showError(tab, answer);
  hint(tab, answer.example ? `This picture is an example of ${label}: the Label tab shows it.`
    : `This picture is no example of ${label} any more.`);
  tab.side.dataset.id = '';
  if (!tab.side.hidden) showLarge(tab);
}

/** @param {AnyTab} tab */
export function hideLarge(tab) {
  tab.side.hidden = true;
  tab.side.dataset.id = '';
  tab.root.classList.remove('rv-open');
  tab.onLarge?.('');
  tab.grid.focus({ preventScroll: true });
}

/**
 * Shows the current picture large, or no longer.
 * @param {AnyTab} tab
 */
export function toggleLarge(tab) {
  if (tab.side.hidden) showLarge(tab);
  else hideLarge(tab);
}
