// The labels beside the grid of the Label tab: their keys, colours, numbers and examples.

/** @import { Label, LabelTab } from './label_types' */

import { make } from './dom.js';

const MOST_WITH_EXAMPLES = 8;  // labels; with more, the pointer shows a label's examples

/**
 * Returns a CSS colour: that of the label; without one, the hues of neighbours differ by the golden angle.
 * @param {{ place: number, colour: string }} label
 */
export function hueOf({ place, colour }) {
  return CSS.supports('color', colour) ? colour : `hsl(${Math.round(place * 137.5) % 360} 60% 50%)`;
}

/**
 * Returns a dot in a colour.
 * @param {string} colour
 */
export function dotIn(colour) {
  const dot = make('span', { class: 'lb-dot', 'aria-hidden': 'true' });
  dot.style.backgroundColor = colour;
  return dot;
}

/**
 * Returns a dot in the colour of a label.
 * @param {LabelTab} tab
 * @param {string} label
 */
export function dotOfLabel({ page }, label) {
  return dotIn(hueOf(page.labels.find((one) => one.label === label) || { place: 0, colour: '' }));
}

/** @param {Label} label */
export function examplesOf({ label, examples }) {
  return make('span', { class: 'lb-examples' }, ...examples.map((url) =>
    make('img', { src: url, alt: `example of ${label}`, loading: 'lazy', width: 44, height: 44 })));
}

/**
 * Offers a label, until the studio has stored it and gives it a key.
 * @param {LabelTab} tab
 * @param {string} label
 */
export function offerLabel({ page: { labels } }, label) {
  if (labels.some((one) => one.label === label)) return;
  labels.push({ label, images: 0, key: '', description: '', colour: '', place: labels.length, examples: [] });
}

/** @param {LabelTab} tab */
export function drawLabels(tab) {
  const all = tab.page.labels;
  tab.labels.classList.toggle('lb-many', all.length > MOST_WITH_EXAMPLES);
  const most = Math.max(1, ...all.map(({ images }) => images));
  const another = make('button', { type: 'button', class: 'lb-label', onclick: tab.chooseLabel },
    make('span', { class: 'lb-text' }, all.length ? 'Another label …' : 'Type a label …'), make('kbd', {}, 'l'));
  tab.labels.replaceChildren(...all.map((one) => labelButton(tab, one, one.images / most)), another);
}

/**
 * @param {LabelTab} tab
 * @param {Label} label
 * @param {number} part of the images of the largest label
 */
function labelButton(tab, label, part) {
  const { label: name, description } = label;
  const share = make('span', { class: 'lb-share' });
  share.style.width = `${100 * part}%`;
  const attributes = {
    type: 'button', class: 'lb-label', title: description ? `${name}: ${description}` : name,
    'aria-label': `give the label ${name}`, onclick: () => { tab.give(name); tab.mark(); },
  };
  return make('button', attributes, dotOfLabel(tab, name), make('span', { class: 'lb-text' }, name),
    make('span', { class: 'lb-count' }, String(label.images)), label.key ? make('kbd', {}, label.key) : null, share,
    description ? make('span', { class: 'lb-about' }, description) : null,
    label.examples.length ? examplesOf(label) : null);
}
