// What the pages of the Review and the Label tab share. Each tab runs its own copy, with the variables of its files:
// `TAB`, `AREA`, `NAMED`, `FIRST`, `CHOICES`, `SIZE`, `CAPTIONS`; `grid`, `side`, `foot`, `confirm`, `hintBox`, `notice`,
// `nameField`; `labelOf` (the label that people gave a picture); `page` (with `request`, the filters that it was asked for with); and the functions `drawBar`, `filtered` (a
// filter changed), `mark`, `offer` (fills `offered`), `shownImage` (the current picture) and `handleKey`.

const SETTLE = 1000;      // milliseconds that a page is shown before Enter stores it: nobody can check a page in less
const view = { ...FIRST };  // the filters, as in the page's address
let outbox = null;        // of outbox.js, which keeps and sends decisions
let call = null;
let current = 0;
let states = new Map();   // image_id -> {action, to, state: pending | stored | refused, number}
let number = 0;           // of the last step: answers to earlier ones do not change its state
let sent = new Map();     // token -> {entries: [{image, action, to}], number} of this page
let news = '';            // a message for the next page
let loading = 0;          // number of the last page request; answers to older ones are dropped
let retrying = false;     // whether a page could not be loaded; it loads once the studio answers again
let shownAt = 0;

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node[name] = value;
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function plural(count, word) {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function short(label) {
  const letters = [...label];
  return letters.length > 30 ? `${letters.slice(0, 29).join('')}…` : label;
}

function busy() {
  return root.classList.contains('rv-busy');
}

function reviewer() {
  return nameField.value.trim() || outbox.reviewer();
}

function hint(text) {
  hintBox.textContent = text;
}

function showError(answer) {
  notice.replaceChildren(make('div', { class: 'bk-bad', role: 'alert' }, `${answer.error}. ${answer.hint || ''}`));
}

async function callWithProgress(name, request, show) {  // calls `show` with the progress of a slow task, such as computing features
  const following = setInterval(async () => {
    const far = await call('progress', {});
    if (far.text) show(far.text);
  }, 700);
  const answer = await call(name, request);
  clearInterval(following);
  return answer;
}

function scrollIntoSight(figure) {  // above the bar at the bottom, and on a narrow screen above the large picture
  if (!figure) return;
  root.style.setProperty('--rv-foot', `${foot.offsetHeight}px`);
  const large = getComputedStyle(side).position === 'fixed' ? side.offsetHeight : 0;
  figure.style.scrollMarginBottom = `${foot.offsetHeight + large + 8}px`;
  figure.scrollIntoView({ block: 'nearest' });
}

// ---------------------------------------------------------------------------------------------- address and filters

function readAddress() {  // returns whether it names other filters than those before
  const before = JSON.stringify(view);
  const query = new URLSearchParams(location.search);
  for (const [name, first] of Object.entries(FIRST)) view[name] = query.get(name) || first;
  for (const [name, options] of Object.entries(CHOICES)) if (!(view[name] in options)) view[name] = FIRST[name];
  if (!(Number(view[SIZE]) >= 1 && Number(view[SIZE]) <= 200)) view[SIZE] = FIRST[SIZE];
  return JSON.stringify(view) !== before;
}

function writeAddress() {
  const address = new URL(location.href);
  if (address.searchParams.get('tab') !== TAB) return;  // another tab is open by now
  for (const [name, value] of Object.entries(view)) value ? address.searchParams.set(name, value) : address.searchParams.delete(name);
  history.replaceState(history.state, '', address);
}

function choice(name, options) {
  const entries = Object.entries(options);
  if (!(view[name] in options)) entries.push([view[name], view[name]]);
  const select = make('select', { 'aria-label': CAPTIONS[name], onchange: () => { view[name] = select.value; filtered(name); } },
    ...entries.map(([value, text]) => make('option', { value, selected: value === view[name] || undefined }, text)));
  return make('label', {}, CAPTIONS[name], select);
}

// -------------------------------------------------------------------------------------------------------- a new page

async function fetchPage(name, more, follow, again) {  // returns null if another page was asked for since, or if the studio is away
  const requestNumber = ++loading;
  root.classList.add('rv-busy');
  await outbox.settled();
  if (requestNumber !== loading) return null;
  writeAddress();
  const request = { ...view, ...more() };
  if (!page.request) follow('Reading the pictures …');
  const answer = await callWithProgress(name, request, (text) => { if (requestNumber === loading && busy()) follow(text); });
  if (requestNumber !== loading) return null;
  root.classList.remove('rv-busy');
  retrying = Boolean(answer.away);
  if (!answer.away || !page.request) return { answer, request };
  Object.assign(view, page.request);  // the pictures on screen stay, and the filters match them
  drawBar();
  hint(`The next page is waiting: ${answer.error}.`);
  outbox.wake();
  setTimeout(() => { if (retrying && requestNumber === loading && !outbox.waiting().length) again(); }, 2000);
  return null;
}

function markWaiting(images) {  // mark the pictures whose decisions still wait in the outbox, perhaps since before a reload
  const here = new Map(images.map((image) => [image.image_id, image]));
  for (const { step, refused } of outbox.waiting()) {
    number += 1;
    const made = step.choices.filter((one) => here.has(one.image_id)).map(({ image_id: id, action, to }) => ({ image: here.get(id), action, to }));
    sent.set(step.token, { entries: made, number });
    for (const { image, action, to } of made) states.set(image.image_id, { action, to, state: refused ? 'refused' : 'pending', number });
  }
}

function settle() {  // Enter stores the page once it was shown for a moment
  shownAt = performance.now();
  confirm.disabled = true;
  const requestNumber = loading;
  setTimeout(() => { if (requestNumber === loading) confirm.disabled = false; }, SETTLE);
}

function isLoading() {
  if (busy()) hint('Ignored: the next page is still loading.');
  return busy();
}

function isEarly() {
  const early = performance.now() - shownAt < SETTLE;
  if (early) hint('Look at the page first: Enter works after one second.');
  return early;
}

async function begin(event, onOutbox, open) {  // show the page once the outbox is there, and whenever its tab opens
  outbox = window.bearkitOutbox;
  call = outbox.caller(server);
  nameField.value = outbox.reviewer();
  outbox.listen(onOutbox);
  element.replaceChildren(root);
  document.addEventListener('keydown', onKey);
  window.addEventListener(event, () => {
    if (!element.isConnected) return;
    nameField.value = outbox.reviewer();
    open();
  });
  readAddress();
  await outbox.ready;
  load('', true);
}

function whenReady(act) {
  if (window.bearkitOutbox) act();
  else window.addEventListener('bearkit-outbox', act, { once: true });
}

// ------------------------------------------------------------------------------------ the palette: a label, by its name

let offered = [];   // the entries of the list: {text, key, act}
let chosen = 0;     // -1 for none

function openPalette() {
  typed.value = '';
  offer();
  mark(false);
  palette.showModal();
  typed.focus();
}

function tidy(text) {  // only to find the label: the studio decides how a label is stored
  return text.normalize('NFC').replace(/[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]/g, '').replace(/\s+/g, ' ').trim();
}

function drawOffered() {
  list.replaceChildren(...offered.map((one, index) => make('li', {
    role: 'option', id: `${AREA}-label-${index}`, 'aria-selected': index === chosen, onclick: () => take(index),
  }, one.text, one.key ? make('kbd', {}, one.key) : null)));
  typed.setAttribute('aria-activedescendant', `${AREA}-label-${chosen}`);
  list.children[chosen]?.scrollIntoView({ block: 'nearest' });
}

function take(index) {
  const one = offered[index];
  palette.close();
  if (one) one.act();
}

function inPalette(event) {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && offered.length) { chosen = (Math.max(chosen, step < 0 ? 0 : -1) + step + offered.length) % offered.length; drawOffered(); }
  else if (event.key === 'Enter') { if (!event.repeat) take(chosen); }
  else return;
  event.preventDefault();
}

const typed = make('input', { type: 'text', 'aria-label': NAMED, role: 'combobox', 'aria-expanded': 'true', 'aria-controls': `${AREA}-label-list`, autocomplete: 'off', oninput: offer, onkeydown: inPalette });
const list = make('ul', { id: `${AREA}-label-list`, role: 'listbox', 'aria-label': 'labels' });
const palette = make('dialog', { class: 'rv-palette', 'aria-label': NAMED, onclose: () => mark(), onclick: (event) => { if (event.target === palette) palette.close(); } },
  typed, list, make('div', { class: 'bk-quiet' }, 'Type, or use the arrow keys · Enter saves · Esc cancels'));

// --------------------------------------------------------------------------------------------------- the large picture

async function showLarge() {
  const image = shownImage();
  if (!image) return;
  const opened = side.hidden;
  side.hidden = false;
  root.classList.add('rv-open');
  if (opened) scrollIntoSight(grid.querySelector('.cur'));  // the grid now has fewer columns
  if (side.dataset.id === image.image_id) return;
  side.dataset.id = image.image_id;
  const found = await call('details', { image_id: image.image_id });
  if (side.dataset.id !== image.image_id) return;
  if (found.error) return showError(found);
  side.replaceChildren(
    make('button', { type: 'button', class: 'rv-close', 'aria-label': 'close', onclick: hideLarge }, '×'),
    make('img', { src: found.url, alt: found.path, class: 'rv-big' }),
    make('div', {}, make('b', {}, found.given || 'no label'), ` · ${found.split} · ${found.width} × ${found.height}`),
    make('div', { class: 'bk-quiet rv-path' }, found.path),
    labelOf(image) ? make('button', { type: 'button', onclick: markExample }, found.example ? 'No example any more (E)' : `Use as example of ${short(labelOf(image))} (E)`) : '',
    make('div', {}, found.neighbours.length ? 'Most similar:' : ''),
    make('div', { class: 'rv-near' }, ...found.neighbours.map((one) => make('figure', {}, make('img', { src: one.url, alt: one.path, width: 96, height: 96 }), make('figcaption', { title: one.given }, one.given || 'no label')))),
    ...found.decisions.map((row) => make('div', { class: 'bk-quiet' }, row)));
}

async function markExample() {  // the current picture shows its label well; once more, and it is no example any more
  const image = shownImage();
  const label = image && labelOf(image);
  if (!label || isLoading()) return hint(label ? 'Ignored: the next page is still loading.' : 'An example needs a label.');
  await outbox.settled();  // a label that was just typed is stored first
  const answer = await call('example', { image_id: image.image_id, label });
  if (answer.error) return showError(answer);
  hint(answer.example ? `This picture is an example of ${label}: the Label tab shows it.` : `This picture is no example of ${label} any more.`);
  side.dataset.id = '';
  if (!side.hidden) showLarge();
}

function hideLarge() {
  side.hidden = true;
  side.dataset.id = '';
  root.classList.remove('rv-open');
  grid.focus({ preventScroll: true });
}

// ---------------------------------------------------------------------------------------------------------- the keys

const FIELDS = 'input, textarea, select, dialog, [contenteditable]:not([contenteditable=false]), [role=combobox], [role=listbox]:not(.rv-grid)';

function onKey(event) {  // anywhere on the tab, except in a text field
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !root.offsetParent) return;
  if (event.target.closest?.(FIELDS)) return;
  const onButton = event.target.closest?.('button, a, summary');
  if (onButton && ['Enter', ' ', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].includes(event.key)) return;
  if (handleKey(event)) event.preventDefault();
}
