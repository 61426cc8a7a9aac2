// The pictures of the Label tab.

/** @import { LabelImage, LabelTab, Made } from './label_types' */

import { groupsOf } from './choices.js';
import { make } from './dom.js';
import { cellOf, markCurrent, openAt } from './grid_cell.js';
import { dotOfLabel } from './label_set.js';
import { stateOf } from './page.js';
import { addRange, placeInDirection, toggle, toggleAll } from './selection.js';
import { plural } from './text.js';

/** @param {LabelImage} image */
const sure = (image) => Math.round(100 * (image.probability ?? 0));

/** @param {LabelTab} tab */
function figuresOf({ grid }) {
  return [...grid.querySelectorAll('figure')];
}

/**
 * Draws the pictures, in groups of one proposed label.
 * @param {LabelTab} tab
 */
export function drawPictures(tab) {
  const { images } = tab.page;
  tab.grid.replaceChildren(...groupsOf(images).map(({ label, given, images: those }) => {
    const pictures = those.map((image) => pictureOf(tab, image, images.indexOf(image)));
    if (!label) return make('div', { class: 'lb-group', role: 'row' }, ...pictures);
    const head = headOf(tab, label, given, those);
    return make('div', { class: 'lb-group', role: 'row', 'aria-label': label }, head, ...pictures);
  }));
}

/**
 * @param {LabelTab} tab
 * @param {string} label
 * @param {boolean} given
 * @param {LabelImage[]} images
 */
function headOf(tab, label, given, images) {
  const rounded = images.map(sure);
  const least = rounded.at(-1), most = rounded[0];
  const said = given ? 'labelled' : `${least === most ? '' : `${least} to `}${most} %`;
  const select = () => { toggleAll(tab.selected, images); tab.refresh(); mark(tab); };
  return make('div', { class: 'lb-head', role: 'rowheader', title: label }, dotOfLabel(tab, label),
    make('span', { class: 'lb-text' }, label),
    make('span', { class: 'bk-quiet' }, `${plural(images.length, 'picture')}, ${said}`),
    make('button', { type: 'button', title: 'select these pictures', onclick: select }, 'select'));
}

/**
 * @param {LabelTab} tab
 * @param {LabelImage} image
 * @param {number} index
 */
function pictureOf(tab, image, index) {
  const figure = cellOf(tab, image, index, { 'aria-selected': 'false', ondblclick: () => openAt(tab, index) },
    make('img', { src: image.url, alt: image.path, decoding: 'async', width: 180, height: 180, draggable: 'false' }),
    make('figcaption', {}, make('div', { class: 'lb-will' }),
      make('div', { class: 'rv-state', 'aria-live': 'polite' })));
  figure.onclick = (event) => pick(tab, index, event.shiftKey);
  return figure;
}

/**
 * Shows what a picture gets, and what is stored of it.
 * @param {LabelTab} tab
 * @param {LabelImage} image
 * @param {number} index its place on the page
 */
export function paint(tab, image, index) {
  /** @type {HTMLElement | null} */
  const figure = tab.root.querySelector(`#lb-${index}`);
  /** @type {HTMLElement | null | undefined} */
  const will = figure?.querySelector('.lb-will');
  const state = figure?.querySelector('.rv-state');
  if (!figure || !will || !state) return;
  const chosen = tab.choices.get(image.image_id);
  const known = tab.states.get(image.image_id);
  const selected = tab.selected.has(image.image_id);
  figure.classList.toggle('lb-picked', selected);
  figure.setAttribute('aria-selected', String(selected));
  figure.dataset.choice = chosen?.action || '';
  figure.dataset.state = known ? stateOf(tab, known) : '';
  will.replaceChildren(...(known ? [] : willBe(tab, image, chosen)));
  will.title = will.textContent || '';
  state.textContent = known ? stateInWords(stateOf(tab, known), inWords(image, known), known.others) : '';
}

/**
 * @param {LabelTab} tab
 * @param {LabelImage} image
 * @param {Made | undefined} chosen
 */
function willBe(tab, image, chosen) {
  if (chosen) return [...(chosen.to ? [dotOfLabel(tab, chosen.to)] : []), inWords(image, chosen)];
  if (image.given) return ['labelled'];
  return image.proposed ? [`${sure(image)} %`] : [];
}

/**
 * @param {LabelImage} image
 * @param {{ action: string, to: string | null }} made
 */
function inWords(image, { action, to }) {
  if (action === 'keep') return image.given ? 'unchanged' : 'later';
  return action === 'delete' ? 'delete' : to ?? '';
}

/**
 * @param {string} state
 * @param {string} words
 * @param {string | undefined} others what another reviewer had decided
 */
function stateInWords(state, words, others) {
  const after = { waiting: ' (waiting)', pending: ' (saving)' }[state] ?? '';
  const text = state === 'refused' ? 'not saved' : `${words}${after}`;
  return others ? `${text} (${others})` : text;
}

/**
 * Shows which picture is the current one.
 * @param {LabelTab} tab
 * @param {boolean} [focus]
 */
export function mark(tab, focus = true) {
  markCurrent(tab, focus);
}

/**
 * Goes to the next picture in a direction.
 * @param {LabelTab} tab
 * @param {string} key
 * @param {boolean} range whether the pictures on the way are selected
 */
export function go(tab, key, range) {
  const next = placeInDirection(key, tab.current, figuresOf(tab).map((figure) => figure.getBoundingClientRect()));
  if (range && !tab.selected.size) tab.anchor = tab.current;
  tab.current = next;
  if (range) selectRange(tab);
  else tab.anchor = next;
  mark(tab);
}

/**
 * Selects a picture, or no longer; with a range, all up to it.
 * @param {LabelTab} tab
 * @param {number} index
 * @param {boolean} [range]
 */
export function pick(tab, index, range = false) {
  const image = tab.page.images[index];
  if (!image) return;
  tab.current = index;
  if (range) selectRange(tab);
  else {
    tab.anchor = index;
    toggle(tab.selected, image.image_id);
    tab.refresh();
  }
  mark(tab);
}

/** @param {LabelTab} tab */
function selectRange(tab) {
  addRange(tab.selected, tab.page.images, tab.anchor, tab.current);
  tab.refresh();
}
