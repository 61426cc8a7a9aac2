// The review page: a grid of candidates, decided with keys, mouse or touch. Gradio runs these files as one when the tab
// first opens, with `element` (the component) and `server` (the functions suspects, undo_or_redo, details, progress of review.py).
// Everything is built with createElement and textContent: labels and file names are never read as HTML or code.

const KINDS = {
  label: 'suspicious labels', duplicate: 'near-duplicates', outlier: 'outliers', quality: 'low-quality pictures', unlabelled: 'no label yet',
  any: 'all pictures', mistake: "the model's mistakes", conflict: 'several labels or splits', deleted: 'deleted pictures',
};
const ORDERS = { 'out-of-fold': 'most suspicious first', loss: 'highest loss first' };
const CAPTIONS = { kind: 'Show', split: 'Split', label: 'Label', predicted: 'Predicted', order: 'Sort', n: 'Per page' };
const PAGES = ['20', '50', '100'];
const EVERY = '';
const TAB = 'review';
const AREA = 'rv';        // beginning of the ids on this page
const NAMED = 'label of this picture';
const FIRST = { kind: 'label', split: EVERY, label: EVERY, predicted: EVERY, run: EVERY, order: 'out-of-fold', n: '20', rest: '', start: '', at: '' };
const CHOICES = { kind: KINDS, order: ORDERS };
const SIZE = 'n';
const WITH_REASON = ['duplicate', 'outlier', 'quality', 'conflict', 'deleted'];
let page = { suspects: [], labels: [], order: [], counts: {}, message: '' };

function keyOf(label) {  // the digit key of a label, which never changes
  const place = page.order.indexOf(label);
  return place >= 0 && place < 9 ? String(place + 1) : '';
}

// ---------------------------------------------------------------------------------------------------------- filters

function filtered(name) {
  view.start = view.at = '';
  if (name === 'kind') view.rest = view.predicted = view.run = '';
  load();
}

// ------------------------------------------------------------------------------------------------------- the picture

function pictureOf(suspect, index) {
  const image = (one) => make('img', { src: one.url || undefined, alt: one.path, loading: 'lazy', decoding: 'async', width: 180, height: 180 });
  const pictures = suspect.twin
    ? make('div', { class: 'rv-pair' }, image(suspect), image(suspect.twin))
    : make('div', { class: 'rv-one' }, image(suspect));
  const reason = WITH_REASON.includes(suspect.kind) ? make('div', { class: 'rv-reason' }, suspect.reason) : null;
  const caption = make('figcaption', {}, make('div', { class: 'rv-labels' }, ...labelsOf(suspect)), reason,
    make('div', { class: 'rv-state', 'aria-live': 'polite' }));
  const figure = make('figure', { 'data-id': suspect.image_id, id: `rv-${index}`, role: 'option' }, pictures, caption, buttonsOf(suspect));
  figure.onclick = (event) => { if (!event.target.closest('button')) { current = index; mark(); } };
  figure.ondblclick = () => { current = index; mark(); showLarge(); };
  return figure;
}

function labelsOf(suspect) {
  const bold = (label) => make('span', { class: short(label) === label ? null : 'rv-named' }, make('b', { title: label }, label || 'no label'), keyOf(label) ? make('kbd', { title: 'its key' }, keyOf(label)) : null);
  if (suspect.twin) return ['left ', bold(suspect.given), ', right ', bold(suspect.twin.given)];
  if (!suspect.predicted) return suspect.given ? ['given ', bold(suspect.given)] : [bold('')];
  const sure = ` (${Math.round(100 * suspect.probability)} %)`;
  if (!suspect.given) return ['proposed ', bold(suspect.predicted), sure];
  if (suspect.predicted === suspect.given) return [bold(suspect.given), `, model agrees${sure}`];
  return ['given ', bold(suspect.given), ', predicted ', bold(suspect.predicted), sure];
}

function buttonsOf(suspect) {
  const button = (text, title, act) => make('button', { type: 'button', title, onclick: () => { current = page.suspects.indexOf(suspect); act(); } }, text);
  const keep = page.kind === 'unlabelled' ? null : button(suspect.twin ? 'keep both' : 'keep', 'k', () => decide('keep'));
  const other = suspect.twin ? button('delete right', 's', () => decide('other')) : null;
  return make('div', { class: 'rv-buttons' }, keep, button(suspect.twin ? 'delete left' : 'delete', 'd', () => decide('delete')), other,
    button('label …', 'l', chooseLabel));
}

function paint(suspect) {
  const figure = root.querySelector(`#rv-${page.suspects.indexOf(suspect)}`);
  if (!figure) return;
  const known = states.get(suspect.image_id);
  const waits = known?.state === 'pending' && outbox.problem();
  figure.dataset.state = known ? (waits ? 'waiting' : known.state) : '';
  figure.dataset.action = known ? known.action : '';
  const words = { keep: 'kept', delete: 'deleted', other: 'right one deleted', relabel: known?.to, label: known?.to, unlabel: 'label removed' };
  const text = !known ? suspect.decided || '' : known.state === 'refused' ? 'not saved' : `${words[known.action]}${waits ? ' (waiting)' : ''}`;
  const state = figure.querySelector('.rv-state');
  state.textContent = known?.others ? `${text} (${known.others})` : text;
  state.title = state.textContent;
}

function mark(focus = true) {
  const figures = [...grid.children];
  figures.forEach((figure, index) => {
    figure.classList.toggle('cur', index === current);
    figure.setAttribute('aria-selected', index === current);
  });
  grid.setAttribute('aria-activedescendant', `rv-${current}`);
  if (focus) grid.focus({ preventScroll: true });
  if (focus) scrollIntoSight(figures[current]);
  if (!side.hidden) showLarge();
}
