// The palette: a label, by its name.

import { make } from './dom.js';
import { nextEntry } from './offers.js';

/** @typedef {{ text: string, key?: string, act: () => void }} Offer */

export class Palette {
  /**
   * @param {string} area beginning of the ids on this page
   * @param {string} named what the text is
   * @param {(text: string) => { offers: Offer[], chosen: number }} find what is offered for a text, and which entry
   *   Enter takes (-1 for none)
   * @param {(focus: boolean) => void} mark shows which picture is the current one
   */
  constructor(area, named, find, mark) {
    this.area = area;
    this.find = find;
    this.mark = mark;
    /** @type {Offer[]} */
    this.offers = [];
    this.chosen = 0;
    this.typed = make('input', {
      type: 'text', 'aria-label': named, role: 'combobox', 'aria-expanded': 'true', 'aria-controls': `${area}-label-list`,
      autocomplete: 'off', oninput: () => this.#offer(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#press(event),
    });
    this.list = make('ul', { id: `${area}-label-list`, role: 'listbox', 'aria-label': 'labels' });
    const outside = (/** @type {MouseEvent} */ event) => { if (event.target === this.dialog) this.dialog.close(); };
    this.dialog = make('dialog', { class: 'rv-palette', 'aria-label': named, onclose: () => mark(true), onclick: outside },
      this.typed, this.list, make('div', { class: 'bk-quiet' }, 'Type, or use the arrow keys · Enter saves · Esc cancels'));
  }

  /** @param {string} [placeholder] */
  open(placeholder = '') {
    this.typed.value = '';
    this.typed.placeholder = placeholder;
    this.#offer();
    this.mark(false);
    this.dialog.showModal();
    this.typed.focus();
  }

  #offer() {
    ({ offers: this.offers, chosen: this.chosen } = this.find(this.typed.value));
    this.#draw();
  }

  #draw() {
    this.list.replaceChildren(...this.offers.map((one, index) => make('li', {
      role: 'option', id: `${this.area}-label-${index}`, 'aria-selected': String(index === this.chosen),
      onclick: () => this.#take(index),
    }, one.text, one.key ? make('kbd', {}, one.key) : null)));
    this.typed.setAttribute('aria-activedescendant', `${this.area}-label-${this.chosen}`);
    this.list.children[this.chosen]?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {number} index */
  #take(index) {
    const one = this.offers[index];
    this.dialog.close();
    one?.act();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.isComposing) return;
    if (event.key === 'Enter') {
      if (!event.repeat) this.#take(this.chosen);
    } else if (['ArrowDown', 'ArrowUp'].includes(event.key) && this.offers.length) {
      this.chosen = nextEntry(event.key, this.chosen, this.offers.length);
      this.#draw();
    } else return;
    event.preventDefault();
  }
}
