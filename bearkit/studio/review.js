// ---------------------------------------------------------------------------------------------------------- the page

function showProgress() {
  if (!page.progress) return;
  const here = [...states.values()].filter((known) => known.state === 'stored');
  const counted = (...actions) => here.filter((known) => actions.includes(known.action)).length;
  const decided = page.progress.decided + here.length;
  const changed = page.progress.changed + counted('relabel', 'label', 'unlabel');
  const deleted = page.progress.deleted + counted('delete', 'other');
  const trash = deleted ? make('a', { href: '?tab=review&kind=deleted' }, `${deleted} deleted`) : '0 deleted';
  progress.replaceChildren(`${decided} decided, ${changed} relabelled, `, trash, page.left ? ` · ${page.left}` : '');
}

function keysLine() {
  const labels = page.order.slice(0, 9).flatMap((label, index) => (page.labels.includes(label) ? [`${index + 1} ${short(label)}`] : [])).join('  ');
  const rest = { duplicate: 'keep both of all the rest', unlabelled: 'label the rest as proposed', deleted: 'next page' }[page.kind] || 'keep the rest';
  return ['arrows move', page.kind === 'unlabelled' ? '' : page.kind === 'deleted' ? 'k restore' : 'k keep', `d delete${page.kind === 'duplicate' ? ' left' : ''}`, page.kind === 'duplicate' ? 's delete right' : '',
    labels, 'l any label', 'u undo', 'r redo', 'Space large', 'E example', `Enter: ${rest}`].filter(Boolean).join(' · ');
}

function drawBar() {
  const counted = ([kind, text]) => [kind, `${text}${page.counts[kind] === undefined ? '' : ` (${page.counts[kind]})`}`];
  bar.replaceChildren(
    choice('kind', Object.fromEntries(Object.entries(KINDS).map(counted))),
    choice('split', Object.fromEntries([EVERY, 'train', 'valid', 'test'].map((name) => [name, name || 'all']))),
    choice('label', Object.fromEntries([EVERY, ...page.labels].map((name) => [name, name || 'all']))),
    ...(view.kind === 'mistake' ? [choice('predicted', Object.fromEntries([EVERY, ...page.labels].map((name) => [name, name || 'any']))) ] : []),
    ...(view.kind === 'label' ? [choice('order', ORDERS)] : []),
    choice('n', Object.fromEntries(PAGES.map((n) => [n, n]))),
    make('label', {}, 'Your name', nameField));
}

function draw(focus) {
  drawBar();
  keys.textContent = keysLine();
  grid.classList.toggle('rv-pairs', page.kind === 'duplicate');
  grid.setAttribute('role', page.suspects.length ? 'grid' : 'group');  // a cell of a grid may hold buttons, an option of a list may not
  grid.replaceChildren(make('div', { class: 'rv-row', role: page.suspects.length ? 'row' : undefined }, ...page.suspects.map(pictureOf)));
  heading.textContent = page.heading || '';
  heading.title = heading.textContent;
  heading.hidden = !page.heading;
  drawConfirm();
  const button = (text, act) => make('button', { type: 'button', class: 'rv-rest', onclick: act }, text);
  const more = page.rest ? button(`Review the other ${plural(page.rest, 'picture')} too`, () => { view.rest = '1'; load(); })
    : page.set && page.total && !page.suspects.length ? button('From the start', () => turn(-page.start)) : null;
  notice.replaceChildren(...(page.message ? [make('div', { class: page.done ? 'bk-ok rv-done' : 'bk-note' }, page.message)] : []), ...(more ? [more] : []));
  current = Math.max(0, page.suspects.findIndex((suspect) => suspect.image_id === view.at));
  if (!page.suspects.length && !side.hidden) hideLarge();
  side.dataset.id = '';
  refresh();
  mark(focus || element.contains(document.activeElement) || document.activeElement === document.body);
}

function drawConfirm() {
  confirm.hidden = !page.suspects.length || (page.kind === 'unlabelled' && !page.suspects[0].predicted);
  confirm.textContent = { unlabelled: 'Label the rest as proposed, next page (Enter)', deleted: 'Next page (Enter)' }[page.kind] || 'Keep the rest, next page (Enter)';
  const few = !page.set || page.total <= page.suspects.length;
  turns.replaceChildren(...(few || !page.suspects.length ? [] : [
    make('button', { type: 'button', 'aria-label': 'earlier pictures', disabled: !page.start, onclick: () => turn(-Number(view.n)) }, '‹'),
    ` ${page.start + 1} to ${page.start + page.suspects.length} of ${page.total} `,
    make('button', { type: 'button', 'aria-label': 'later pictures', disabled: page.start + page.suspects.length >= page.total, onclick: () => turn(page.suspects.length) }, '›')]));
  settle();
}

async function load(message = '', focus = false, was = 0) {  // `was` is how many pictures a set had when its last page was shown
  const fetched = await fetchPage('suspects', () => ({ was }), (text) => { heading.hidden = false; heading.textContent = text; }, () => load(message));
  if (!fetched) return;
  const { answer } = fetched;
  if (answer.error) {
    page = { suspects: [], labels: page.labels, order: page.order, counts: {}, message: '', kind: view.kind, request: { ...view } };
    states = new Map();
    draw(focus);
    return showError(answer);
  }
  view.kind = answer.kind;  // without labels, the studio answers with the unlabelled pictures
  view.start = String(answer.start || '');
  writeAddress();
  page = { ...answer, request: { ...view } };
  page.message = [news, message, page.message].filter(Boolean).join(' ');
  news = '';
  states = new Map();
  sent = new Map();
  markWaiting(page.suspects);
  hint('');
  draw(focus);
  outbox.countSoon();
  if (root.getBoundingClientRect().top < 0) root.scrollIntoView();  // start at the top, where the messages are
}

const nameField = make('input', { class: 'rv-name', 'aria-label': 'Your name', onchange: () => { nameField.value = outbox.reviewer(nameField.value); } });
const bar = make('div', { class: 'rv-bar' });
const keys = make('div', { class: 'rv-keys bk-quiet' });
const notice = make('div', { class: 'rv-notice' });
const progress = make('div', { class: 'rv-progress' });
const heading = make('h4', { class: 'rv-heading' });
const hintBox = make('div', { class: 'rv-hint', role: 'status' });
const saved = make('b', { class: 'rv-saved', role: 'status' });
const grid = make('div', { class: 'rv-grid', tabindex: 0, 'aria-label': 'pictures to review' });
const side = make('aside', { class: 'rv-side', hidden: true });
const confirm = make('button', { type: 'button', class: 'rv-confirm', onclick: confirmPage }, '');
const turns = make('span', { class: 'rv-turns' });
const undo = make('button', { type: 'button', onclick: () => undoOrRedo('undo') }, 'Undo (u)');
const redo = make('button', { type: 'button', onclick: () => undoOrRedo('redo') }, 'Redo (r)');
const foot = make('div', { class: 'rv-foot' }, confirm, turns, undo, redo, saved, progress, hintBox);
const root = make('div', { class: 'rv' }, bar, keys, notice, heading, make('div', { class: 'rv-main' }, grid, side), foot, palette);

whenReady(() => begin('bearkit-review', onOutbox, () => { if (readAddress() || !busy()) load('', true); }));
