// The label page: images that belong together, labelled with keys, mouse or touch. Gradio runs these files as one when the
// tab first opens, with `element` (the component) and `server` (the functions of label.py). Everything is built with
// createElement and textContent: labels and file names are never read as HTML or code.

const TAB = 'label';
const AREA = 'lb';        // beginning of the ids on this page
const NAMED = 'label of these pictures';
const ORDERS = { auto: 'easiest first', alike: 'look-alikes', uncertain: 'most uncertain', spread: 'uncertain and varied', random: 'at random' };
const CAPTIONS = { by: 'Order', proposed: 'Only', many: 'Per page' };
const PAGES = ['12', '24', '48'];
const FIRST = { by: 'auto', proposed: '', like: '', many: '24', audit: '', map: '' };
const CHOICES = { by: ORDERS };
const SIZE = 'many';
const MOST_WITH_EXAMPLES = 8;  // labels; with more, the pointer shows a label's examples
let page = { images: [], labels: [] };
let anchor = 0;           // where a range of the selection begins
let selected = new Set(); // image ids
let choices = new Map();  // image_id -> {action, to}: what Enter stores instead of the proposal
const asExamples = new Set();  // image ids: examples of the labels that they are given
let past = [], future = [];  // earlier choices on this page, for undo and redo

// ---------------------------------------------------------------------------------------------------------- filters

function filtered(name) {
  if (hasUnstored()) {
    view[name] = page.request[name];
    return drawBar();
  }
  view.like = '';
  picks = [];
  load();
}

function drawBar() {
  const filters = page.audit ? [] : [
    choice('by', ORDERS),
    choice('proposed', Object.fromEntries([['', 'any label'], ...page.labels.map(({ label }) => [label, `proposed: ${short(label)}`])]))];
  bar.replaceChildren(...filters, choice('many', Object.fromEntries(PAGES.map((n) => [n, n]))), make('label', {}, 'Your name', nameField), mapButton);
}

// ------------------------------------------------------------------------------------------------------ the label set

function keyOf(label) {
  return page.labels.find((one) => one.label === label)?.key || '';
}

function hueOf({ place, colour }) {  // without a colour of its own, the hues of neighbours differ by the golden angle
  return CSS.supports('color', colour) ? colour : `hsl(${Math.round(place * 137.5) % 360} 60% 50%)`;
}

function marked(colour) {
  const mark = make('span', { class: 'lb-dot', 'aria-hidden': 'true' });
  mark.style.backgroundColor = colour;
  return mark;
}

function dot(label) {
  return marked(hueOf(page.labels.find((one) => one.label === label) || { place: 0, colour: '' }));
}

function examplesOf({ label, examples }) {
  return make('span', { class: 'lb-examples' }, ...(examples || []).map((url) => make('img', { src: url, alt: `example of ${label}`, loading: 'lazy', width: 44, height: 44 })));
}

function drawLabels() {
  labels.classList.toggle('lb-many', page.labels.length > MOST_WITH_EXAMPLES);
  const most = Math.max(1, ...page.labels.map(({ images }) => images));
  labels.replaceChildren(...page.labels.map((one) => {
    const share = make('span', { class: 'lb-share' });
    share.style.width = `${100 * one.images / most}%`;
    return make('button', { type: 'button', class: 'lb-label', title: one.description ? `${one.label}: ${one.description}` : one.label, 'aria-label': `give the label ${one.label}`, onclick: () => { give(one.label); mark(); } },
      dot(one.label), make('span', { class: 'lb-text' }, one.label), make('span', { class: 'lb-count' }, String(one.images)), one.key ? make('kbd', {}, one.key) : null,
      share, one.description ? make('span', { class: 'lb-about' }, one.description) : null, one.examples?.length ? examplesOf(one) : null);
  }), make('button', { type: 'button', class: 'lb-label', onclick: chooseLabel }, make('span', { class: 'lb-text' }, page.labels.length ? 'Another label …' : 'Type a label …'), make('kbd', {}, 'l')));
}

// ------------------------------------------------------------------------------------------------------- the pictures

function groups() {  // the page's images in runs of one proposed label, or of one label that they have already
  const found = [];
  for (const image of page.images) {
    if (found.at(-1)?.label === image.proposed && found.at(-1).given === image.given) found.at(-1).images.push(image);
    else found.push({ label: image.proposed, given: image.given, images: [image] });
  }
  return found;
}

const sure = (image) => Math.round(100 * image.probability);

function groupOf({ label, given, images }) {
  const pictures = images.map((image) => pictureOf(image, page.images.indexOf(image)));
  if (!label) return make('div', { class: 'lb-group', role: 'row' }, ...pictures);
  const least = sure(images.at(-1)), most = sure(images[0]);
  const all = make('button', { type: 'button', title: 'select these pictures', onclick: () => { selectAll(images); mark(); } }, 'select');
  const head = make('div', { class: 'lb-head', role: 'rowheader', title: label }, dot(label), make('span', { class: 'lb-text' }, label), make('span', { class: 'bk-quiet' }, `${plural(images.length, 'picture')}, ${given ? 'labelled' : `${least === most ? '' : `${least} to `}${most} %`}`), all);
  return make('div', { class: 'lb-group', role: 'row', 'aria-label': label }, head, ...pictures);
}

function pictureOf(image, index) {
  const figure = make('figure', { 'data-id': image.image_id, id: `lb-${index}`, role: 'gridcell', 'aria-selected': 'false', title: image.path },
    make('img', { src: image.url || undefined, alt: image.path, decoding: 'async', width: 180, height: 180, draggable: 'false' }),
    make('figcaption', {}, make('div', { class: 'lb-will' }), make('div', { class: 'rv-state', 'aria-live': 'polite' })));
  figure.onclick = (event) => pick(index, event.shiftKey);
  figure.ondblclick = () => { current = index; mark(); showLarge(); };
  return figure;
}

const figures = () => [...grid.querySelectorAll('figure')];
const shownImage = () => page.images[current];
const labelOf = (image) => (states.get(image.image_id) || { to: image.given ? image.proposed : '' }).to;  // that people gave it

function paint(image, index) {
  const figure = root.querySelector(`#lb-${index}`);
  const chosen = choices.get(image.image_id);
  const known = states.get(image.image_id);
  const waits = known?.state === 'pending' && outbox.problem();
  figure.classList.toggle('lb-picked', selected.has(image.image_id));
  figure.setAttribute('aria-selected', selected.has(image.image_id));
  figure.dataset.choice = chosen?.action || '';
  figure.dataset.state = known ? (waits ? 'waiting' : known.state) : '';
  const words = ({ action, to }) => ({ keep: image.given ? 'unchanged' : 'later', delete: 'delete' }[action] || to);
  const will = figure.querySelector('.lb-will');
  will.replaceChildren(...(known ? [] : chosen ? [...(chosen.to ? [dot(chosen.to)] : []), words(chosen)] : image.given ? ['labelled'] : image.proposed ? [`${sure(image)} %`] : []));
  will.title = will.textContent;
  const text = !known ? '' : known.state === 'refused' ? 'not saved' : `${words(known)}${waits ? ' (waiting)' : known.state === 'stored' ? '' : ' (saving)'}`;
  const state = figure.querySelector('.rv-state');
  state.textContent = known?.others ? `${text} (${known.others})` : text;
}

function mark(focus = true) {
  const all = figures();
  all.forEach((figure, index) => figure.classList.toggle('cur', index === current));
  root.style.setProperty('--rv-foot', `${foot.offsetHeight}px`);
  if (all.length) grid.setAttribute('aria-activedescendant', `lb-${current}`);
  if (focus) grid.focus({ preventScroll: true });
  if (focus) scrollIntoSight(all[current]);
  if (!side.hidden) showLarge();
}

function go(key, range) {  // to the next picture in this direction, as it lies on the screen
  const all = figures();
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  let next = current + (step || 0);
  if (!step && all[current]) {
    const from = all[current].getBoundingClientRect();
    const down = key === 'ArrowDown' ? 1 : -1;
    const boxes = all.map((figure, index) => ({ index, box: figure.getBoundingClientRect() })).filter(({ box }) => down * (box.top - from.top) > from.height / 2);
    const near = ({ box }) => Math.abs(box.top - from.top) * 1000 + Math.abs(box.left - from.left);
    next = boxes.sort((one, other) => near(one) - near(other))[0]?.index ?? current;
  }
  if (next < 0 || next >= all.length) return;
  if (range && !selected.size) anchor = current;
  current = next;
  if (range) selectRange();
  else anchor = current;
  mark();
}

function pick(index, range = false) {
  current = index;
  if (range) selectRange();
  else {
    anchor = index;
    const { image_id: id } = page.images[index];
    if (!selected.delete(id)) selected.add(id);
  }
  refresh();
  mark();
}

function selectRange() {
  for (const image of page.images.slice(Math.min(anchor, current), Math.max(anchor, current) + 1)) selected.add(image.image_id);
  refresh();
}

function selectAll(images) {  // or none of them, if all are selected
  const all = images.every((image) => selected.has(image.image_id));
  for (const { image_id: id } of images) all ? selected.delete(id) : selected.add(id);
  refresh();
}
