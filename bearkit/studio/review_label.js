// ------------------------------------------------------------------------------------ the palette: a label, by its name

let offered = [];   // the entries of the list: {text, key, act}
let chosen = 0;

function chooseLabel() {
  if (!page.suspects[current]) return;
  if (busy()) return hint('Ignored: the next page is still loading.');
  typed.value = '';
  offer();
  mark(false);
  palette.showModal();
  typed.focus();
}

function offer() {
  const suspect = page.suspects[current];
  const text = tidy(typed.value);
  const sought = text.toLowerCase();
  const place = (label) => tidy(label).toLowerCase().indexOf(sought);
  const found = page.labels.filter((label) => place(label) >= 0).sort((one, other) => (place(one) > 0) - (place(other) > 0));
  offered = found.map((label) => ({ text: label, key: keyOf(label), act: () => decide('relabel', label) }));
  if (text && !page.labels.includes(text)) offered.push({ text: `New label: ${text}`, act: () => decide('relabel', text) });
  if (!text && suspect.given && !suspect.twin) offered.push({ text: 'No label: remove it', act: () => decide('unlabel') });
  chosen = 0;
  drawOffered();
}

function tidy(text) {  // only to find the label: the studio decides how a label is stored
  return text.normalize('NFC').replace(/[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]/g, '').replace(/\s+/g, ' ').trim();
}

function drawOffered() {
  list.replaceChildren(...offered.map((one, index) => make('li', {
    role: 'option', id: `rv-label-${index}`, 'aria-selected': index === chosen, onclick: () => take(index),
  }, one.text, one.key ? make('kbd', {}, one.key) : null)));
  typed.setAttribute('aria-activedescendant', `rv-label-${chosen}`);
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
  if (step && offered.length) { chosen = (chosen + step + offered.length) % offered.length; drawOffered(); }
  else if (event.key === 'Enter') { if (!event.repeat) take(chosen); }
  else return;
  event.preventDefault();
}

const typed = make('input', { type: 'text', 'aria-label': 'label of this picture', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'rv-label-list', autocomplete: 'off', oninput: offer, onkeydown: inPalette });
const list = make('ul', { id: 'rv-label-list', role: 'listbox', 'aria-label': 'labels' });
const palette = make('dialog', { class: 'rv-palette', 'aria-label': 'label of this picture', onclose: () => mark(), onclick: (event) => { if (event.target === palette) palette.close(); } },
  typed, list, make('div', { class: 'bk-quiet' }, 'Type, or use the arrow keys · Enter saves · Esc cancels'));

// --------------------------------------------------------------------------------------------------- the large picture

async function showLarge() {
  const suspect = page.suspects[current];
  if (!suspect) return;
  const opened = side.hidden;
  side.hidden = false;
  root.classList.add('rv-open');
  if (opened) scrollIntoSight(grid.children[current]);  // the grid now has fewer columns
  if (side.dataset.id === suspect.image_id) return;
  side.dataset.id = suspect.image_id;
  const found = await call('details', { image_id: suspect.image_id });
  if (side.dataset.id !== suspect.image_id) return;
  if (found.error) return showError(found);
  side.replaceChildren(
    make('button', { type: 'button', class: 'rv-close', 'aria-label': 'close', onclick: hideLarge }, '×'),
    make('img', { src: found.url, alt: found.path, class: 'rv-big' }),
    make('div', {}, make('b', {}, found.given || 'no label'), ` · ${found.split} · ${found.width} × ${found.height}`),
    make('div', { class: 'bk-quiet rv-path' }, found.path),
    make('div', {}, found.neighbours.length ? 'Most similar:' : ''),
    make('div', { class: 'rv-near' }, ...found.neighbours.map((one) => make('figure', {}, make('img', { src: one.url, alt: one.path, width: 96, height: 96 }), make('figcaption', { title: one.given }, one.given || 'no label')))),
    ...found.decisions.map((row) => make('div', { class: 'bk-quiet' }, row)));
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

function handleKey(event) {
  const columns = Math.max(1, Math.round(grid.clientWidth / (grid.firstChild?.offsetWidth || 1)));
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (event.repeat && !step) return true;
  if (step) { current = Math.max(0, Math.min(page.suspects.length - 1, current + step)); mark(); }
  else if (event.key === 'k' && page.kind !== 'unlabelled') decide('keep');
  else if (event.key === 'd' || event.key === 'Delete') decide('delete');
  else if (event.key === 's' && page.suspects[current]?.twin) decide('other');
  else if (/^[1-9]$/.test(event.key)) digit(Number(event.key));
  else if (event.key === 'l') chooseLabel();
  else if (event.key === 'u') undoOrRedo('undo');
  else if (event.key === 'r' || event.key === 'U') undoOrRedo('redo');
  else if (event.key === ' ') side.hidden ? showLarge() : hideLarge();
  else if (event.key === 'Escape' && !side.hidden) hideLarge();
  else if (event.key === 'Enter') confirmPage();
  else return false;
  return true;
}

function digit(key) {
  const label = page.order[key - 1];
  if (label && page.labels.includes(label)) return decide('relabel', label);
  hint(label ? `Key ${key} is for ${label}, which no picture has now: press l to choose it.` : `Key ${key} has no label yet: press l and type one.`);
}
