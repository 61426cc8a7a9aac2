// What the Review tab shows around its pictures.

/** @import { ReviewPage, ReviewTab } from './types' */

import { make } from './dom.js';
import { choice } from './filters.js';
import { hideLarge } from './large.js';
import { hasFocus, settle, showSaved } from './page.js';
import { mark, paint, pictureOf } from './review_grid.js';
import { plural, short } from './text.js';

export const KINDS = {
  label: 'suspicious labels', duplicate: 'near-duplicates', outlier: 'outliers', quality: 'low-quality pictures',
  unlabelled: 'no label yet', any: 'all pictures', mistake: "the model's mistakes",
  conflict: 'several labels or splits', deleted: 'deleted pictures',
};
export const ORDERS = { 'out-of-fold': 'most suspicious first', loss: 'highest loss first' };
const SPLITS = ['train', 'valid', 'test'];
const PAGES = ['20', '50', '100'];

/** @param {ReviewTab} tab */
export function drawBar(tab) {
  const { page, view } = tab;
  /** @type {(option: [string, string]) => [string, string]} */
  const counted = ([kind, text]) => [kind, page.counts[kind] === undefined ? text : `${text} (${page.counts[kind]})`];
  /** @type {(names: string[], every?: string) => [string, string][]} */
  const named = (names, every = 'all') => ['', ...names].map((name) => [name, name || every]);
  tab.bar.replaceChildren(
    choice(tab, 'kind', Object.entries(KINDS).map(counted)),
    choice(tab, 'split', named(SPLITS)),
    choice(tab, 'label', named(page.labels)),
    ...(view.kind === 'mistake' ? [choice(tab, 'predicted', named(page.labels, 'any'))] : []),
    ...(view.kind === 'label' ? [choice(tab, 'order', Object.entries(ORDERS))] : []),
    choice(tab, 'n', PAGES.map((n) => [n, n])),
    make('label', {}, 'Your name', tab.nameField));
}

/**
 * @param {ReviewTab} tab
 * @param {boolean} focus
 */
export function draw(tab, focus) {
  const { page, grid, heading, side } = tab;
  const some = page.suspects.length > 0;
  drawBar(tab);
  tab.keys.textContent = keysLine(page);
  grid.classList.toggle('rv-pairs', page.kind === 'duplicate');
  grid.setAttribute('role', some ? 'grid' : 'group');  // a cell of a grid may hold buttons, an option of a list may not
  const pictures = page.suspects.map((suspect, index) => pictureOf(tab, suspect, index));
  grid.replaceChildren(make('div', { class: 'rv-row', role: some ? 'row' : undefined }, ...pictures));
  heading.textContent = page.heading;
  heading.title = page.heading;
  heading.hidden = !page.heading;
  drawConfirm(tab);
  const message = page.message ? make('div', { class: page.done ? 'bk-ok rv-done' : 'bk-note' }, page.message) : null;
  tab.notice.replaceChildren(...[message, moreButton(tab)].filter((node) => node !== null));
  tab.current = Math.max(0, page.suspects.findIndex((suspect) => suspect.image_id === tab.view.at));
  if (!some && !side.hidden) hideLarge(tab);
  side.dataset.id = '';
  refresh(tab);
  mark(tab, focus || hasFocus(tab));
}

/**
 * Returns the button that goes on where no candidate is left; null if there is nothing to go on with.
 * @param {ReviewTab} tab
 */
function moreButton(tab) {
  const { page } = tab;
  const button = (/** @type {string} */ text, /** @type {() => void} */ onclick) =>
    make('button', { type: 'button', class: 'rv-rest', onclick }, text);
  const showRest = () => { tab.view.rest = '1'; tab.load(); };
  if (page.rest) return button(`Review the other ${plural(page.rest, 'picture')} too`, showRest);
  const past = page.set && page.total && !page.suspects.length;
  return past ? button('From the start', () => tab.turn(-page.start)) : null;
}

/** @param {ReviewTab} tab */
function drawConfirm(tab) {
  const { page, confirm, turns } = tab;
  const [first] = page.suspects;
  confirm.hidden = !first || (page.kind === 'unlabelled' && !first.predicted);
  /** @type {Record<string, string>} */
  const words = { unlabelled: 'Label the rest as proposed, next page (Enter)', deleted: 'Next page (Enter)' };
  confirm.textContent = words[page.kind] || 'Keep the rest, next page (Enter)';
  const end = page.start + page.suspects.length;
  const few = !page.set || page.total <= page.suspects.length;
  /** @type {(text: string, named: string, disabled: boolean, step: number) => HTMLElement} */
  const arrow = (text, named, disabled, step) =>
    make('button', { type: 'button', 'aria-label': named, disabled, onclick: () => tab.turn(step) }, text);
  turns.replaceChildren(...(few || !first ? [] : [
    arrow('‹', 'earlier pictures', !page.start, -Number(tab.view.n)),
    ` ${page.start + 1} to ${end} of ${page.total} `,
    arrow('›', 'later pictures', end >= page.total, page.suspects.length)]));
  settle(tab);
}

/** @param {ReviewPage} page */
export function keysLine({ kind, order, labels }) {
  const keyed = order.slice(0, 9).map((label, index) => ({ label, key: index + 1 }));
  const digits = keyed.filter(({ label }) => labels.includes(label)).map(({ label, key }) => `${key} ${short(label)}`);
  /** @type {Record<string, string>} */
  const rests = {
    duplicate: 'keep both of all the rest', unlabelled: 'label the rest as proposed', deleted: 'next page',
  };
  const twins = kind === 'duplicate';
  const keep = kind === 'unlabelled' ? '' : kind === 'deleted' ? 'k restore' : 'k keep';
  return ['arrows move', keep, `d delete${twins ? ' left' : ''}`, twins ? 's delete right' : '',
    digits.join('  '), 'l any label', 'u undo', 'r redo', 'Space large', 'E example',
    `Enter: ${rests[kind] || 'keep the rest'}`, '? all keys'].filter(Boolean).join(' · ');
}

/** @param {ReviewTab} tab */
export function refresh(tab) {
  tab.page.suspects.forEach((suspect, index) => paint(tab, suspect, index));
  showSaved(tab);
  showProgress(tab);
}

/** @param {ReviewTab} tab */
function showProgress({ page, states, progress }) {
  if (!page.progress) return;
  const here = [...states.values()].filter((known) => known.state === 'stored');
  const counted = (/** @type {string[]} */ ...actions) => here.filter((known) => actions.includes(known.action)).length;
  const decided = page.progress.decided + here.length;
  const changed = page.progress.changed + counted('relabel', 'label', 'unlabel');
  const deleted = page.progress.deleted + counted('delete', 'other');
  const trash = deleted ? make('a', { href: '?tab=review&kind=deleted' }, `${deleted} deleted`) : '0 deleted';
  progress.replaceChildren(`${decided} decided, ${changed} relabelled, `, trash, page.left ? ` · ${page.left}` : '');
}
