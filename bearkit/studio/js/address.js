// Keeps the open tab in the page's address, so that a reload opens it again, Back goes to the previous tab, and links
// to a tab open it without a reload. An event `bearkit-NAME` of the window says that a tab was opened.

import { followed, tabInWords, tabOf } from './address_parts.js';

const TRIES = 50;  // a fold may be drawn later than the link to it

/** Begins to follow the tabs and the links of this page. */
export function openAddress() {
  // Gradio's own event also fires for the first tab when a page loads.
  document.addEventListener('click', ({ target }) => {
    const name = target instanceof Element ? nameOf(target.closest('button')) : '';
    if (name) opened(name);
  });
  window.addEventListener('popstate', () => show(tabOf(location.search)));
  document.addEventListener('click', followLink);
}

/** @param {MouseEvent} event */
function followLink(event) {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const target = link?.getAttribute('href') || '';
  if (target.startsWith('#bk-')) {
    event.preventDefault();
    openFold(target, TRIES);
  }
  if (!target.startsWith('?tab=') || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  history.pushState(history.state, '', followed(location.href, target));
  show(tabOf(location.search));
}

/** @param {string} name */
function opened(name) {
  if (name !== tabOf(location.search)) {
    const address = new URL(location.href);
    address.searchParams.set('tab', name);
    history.pushState(history.state, '', address);
  }
  window.dispatchEvent(new Event(`bearkit-${name}`));
}

/**
 * Opens a tab. A tab that is open already reads its filters from the address again.
 * @param {string} name
 */
function show(name) {
  const button = document.getElementById(`tab-${name}-button`);
  if (button?.getAttribute('aria-selected') === 'true') opened(name);
  else (button || inMenu(name))?.click();
}

/**
 * Returns the button of a tab in the overflow menu of a narrow screen.
 * @param {string} name
 */
function inMenu(name) {
  /** @type {NodeListOf<HTMLButtonElement>} */
  const buttons = document.querySelectorAll('.overflow-dropdown button');
  return [...buttons].find((one) => tabInWords(one.textContent || '') === name);
}

/**
 * Returns the tab of a button, also in the overflow menu; "" if it is no tab's.
 * @param {Element | null} button
 */
function nameOf(button) {
  if (!button) return '';
  const own = button.id.match(/^tab-(\w+)-button$/)?.[1] || '';
  const name = button.closest('.overflow-menu') ? tabInWords(button.textContent || '') : own;
  const known = document.getElementById(`tab-${name}-button`) || document.getElementById(`tab-${name}`);
  return name && known ? name : '';
}

/**
 * @param {string} name of a fold, such as "#bk-sources"
 * @param {number} tries that are left
 */
function openFold(name, tries) {
  const fold = document.querySelector(name);
  if (!(fold instanceof HTMLDetailsElement)) {
    if (!fold && tries) setTimeout(() => openFold(name, tries - 1), 100);
    return;
  }
  fold.open = true;
  fold.scrollIntoView({ block: 'nearest' });
}
