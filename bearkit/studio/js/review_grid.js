// The pictures of the Review tab.

/** @import { ReviewTab, State, Suspect } from './types' */

import { make } from './dom.js';
import { cellOf, markCurrent, openAt } from './grid_cell.js';
import { stateOf } from './page.js';
import { short } from './text.js';

const WITH_REASON = ['duplicate', 'outlier', 'quality', 'conflict', 'deleted'];

/**
 * Returns the digit key of a label, which never changes; "" for none.
 * @param {ReviewTab} tab
 * @param {string} label
 */
export function keyOf({ page }, label) {
  const place = page.order.indexOf(label);
  return place >= 0 && place < 9 ? String(place + 1) : '';
}

/**
 * @param {ReviewTab} tab
 * @param {Suspect} suspect
 * @param {number} index
 */
export function pictureOf(tab, suspect, index) {
  const image = (/** @type {{ url: string | null }} */ { url }) =>
    make('img', { src: url, alt: '', loading: 'lazy', decoding: 'async', width: 180, height: 180 });
  const pictures = suspect.twin
    ? make('div', { class: 'rv-pair' }, image(suspect), image(suspect.twin))
    : make('div', { class: 'rv-one' }, image(suspect));
  const reason = WITH_REASON.includes(suspect.kind) ? make('div', { class: 'rv-reason' }, suspect.reason) : null;
  const caption = make('figcaption', {}, make('div', { class: 'rv-labels' }, ...labelsOf(tab, suspect)), reason,
    make('div', { class: 'rv-state', 'aria-live': 'polite' }));
  const more = { ondblclick: () => openAt(tab, index) };
  const figure = cellOf(tab, suspect, index, more, pictures, caption, buttonsOf(tab, suspect, index));
  figure.onclick = ({ target }) => {
    if (target instanceof Element && target.closest('button')) return;
    tab.current = index;
    mark(tab);
  };
  return figure;
}

/**
 * @param {ReviewTab} tab
 * @param {Suspect} suspect
 */
function labelsOf(tab, suspect) {
  const bold = (/** @type {string} */ label) => make('span', { class: short(label) === label ? null : 'rv-named' },
    make('b', { title: label }, label || 'no label'),
    keyOf(tab, label) ? make('kbd', { title: 'its key' }, keyOf(tab, label)) : null);
  if (suspect.twin) return ['left ', bold(suspect.given), ', right ', bold(suspect.twin.given)];
  if (!suspect.predicted) return suspect.given ? ['given ', bold(suspect.given)] : [bold('')];
  const sure = ` (${Math.round(100 * suspect.probability)} %)`;
  if (!suspect.given) return ['proposed ', bold(suspect.predicted), sure];
  if (suspect.predicted === suspect.given) return [bold(suspect.given), `, model agrees${sure}`];
  return ['given ', bold(suspect.given), ', predicted ', bold(suspect.predicted), sure];
}

/**
 * @param {ReviewTab} tab
 * @param {Suspect} suspect
 * @param {number} index
 */
function buttonsOf(tab, suspect, index) {
  const button = (/** @type {string} */ text, /** @type {string} */ title, /** @type {() => void} */ act) =>
    make('button', { type: 'button', title, onclick: () => { tab.current = index; act(); } }, text);
  const kept = suspect.twin ? 'keep both' : 'keep', gone = suspect.twin ? 'delete left' : 'delete';
  const keep = tab.page.kind === 'unlabelled' ? null : button(kept, 'k', () => tab.decide('keep'));
  const other = suspect.twin ? button('delete right', 's', () => tab.decide('other')) : null;
  const away = button(gone, 'd', () => tab.decide('delete'));
  return make('div', { class: 'rv-buttons' }, keep, away, other, button('label …', 'l', tab.chooseLabel));
}

/**
 * Shows what is decided about a picture.
 * @param {ReviewTab} tab
 * @param {Suspect} suspect
 * @param {number} index its place on the page
 */
export function paint(tab, suspect, index) {
  /** @type {HTMLElement | null} */
  const figure = tab.root.querySelector(`#rv-${index}`);
  /** @type {HTMLElement | null | undefined} */
  const state = figure?.querySelector('.rv-state');
  if (!figure || !state) return;
  const known = tab.states.get(suspect.image_id);
  figure.dataset.state = known ? stateOf(tab, known) : '';
  figure.dataset.action = known ? known.action : '';
  state.textContent = known ? inWords(known, stateOf(tab, known)) : suspect.decided;
  state.title = state.textContent;
}

/**
 * @param {State} known
 * @param {string} state
 */
function inWords({ action, to, others }, state) {
  const done = {
    keep: 'kept', delete: 'deleted', other: 'right one deleted', relabel: to, label: to, unlabel: 'label removed',
  };
  const text = state === 'refused' ? 'not saved' : `${done[action]}${state === 'waiting' ? ' (waiting)' : ''}`;
  return others ? `${text} (${others})` : text;
}

/**
 * Shows which picture is the current one.
 * @param {ReviewTab} tab
 * @param {boolean} [focus]
 */
export function mark(tab, focus = true) {
  [...tab.grid.querySelectorAll('figure')].forEach((figure, index) => {
    figure.setAttribute('aria-selected', String(index === tab.current));
  });
  markCurrent(tab, focus);
}
