// ---------------------------------------------------------------------------------------------------------- the page

async function load(message = '', focus = false, undone = []) {  // `undone` are the rows of a step: its pictures are shown again
  const more = () => ({ reviewer: reviewer(), images: undone.map((row) => row.image_id), chosen: picks });
  const fetched = await fetchPage('next_page', more, (text) => { why.textContent = text; }, () => load(message));
  if (!fetched) return;
  const { answer, request } = fetched;
  const requestNumber = loading;
  if (view.audit && !answer.audit && !answer.error) {
    view.audit = '';
    news = 'The audit is done: see below what it says.';
    return load(message);
  }
  if (picks.length && !answer.error && !answer.images.length) {  // none of them is left: others deleted them
    picks = [];
    return load(message, focus);
  }
  show(answer, request, message, focus, exceptions(undone));
  const again = { waiting: 1500, others: 3000 }[page.empty];  // milliseconds
  if (again) setTimeout(() => { if (requestNumber === loading && root.offsetParent) load(); }, again);
}

function show(answer, request, message, focus, kept) {
  page = { images: [], labels: page.labels, ...answer, mapped: request.chosen.length > 0 && !request.images.length };
  if (!answer.error) {
    view.audit = answer.audit ? '1' : '';
    view.proposed = answer.only || '';
  }
  const { reviewer: _, images: __, chosen: ___, ...filters } = request;
  page.request = { ...filters, audit: view.audit, proposed: view.proposed };
  writeAddress();
  current = anchor = 0;
  selected = new Set();
  choices = new Map([...kept].filter(([id]) => page.images.some((image) => image.image_id === id)));
  past = [];
  future = [];
  states = new Map();
  sent = new Map();
  markWaiting(page.images);
  hint('');
  draw([news, message].filter(Boolean).join(' '));
  news = '';
  if (answer.error) showError(answer);
  mark(focus || element.contains(document.activeElement) || document.activeElement === document.body);
  outbox.countSoon();
  drawRest();
  drawMap();
  if (root.getBoundingClientRect().top < 0) root.scrollIntoView();  // start at the top, where the label is
}

function draw(message) {
  drawBar();
  drawLabels();
  const proposals = [...new Set(page.images.map((image) => image.proposed).filter(Boolean))].map(short);
  const proposed = proposals.length > 3 ? `${proposals.slice(0, 2).join(' · ')} · ${proposals.length - 2} more` : proposals.join(' · ');
  name.textContent = !page.images.length ? '' : page.audit ? 'Audit: what are they?' : proposed || (['random', 'chosen'].includes(page.order) ? 'What are they?' : 'Look-alikes: what are they?');
  name.title = page.proposed || name.textContent;
  drawWhy();
  grid.replaceChildren(...groups().map(groupOf));
  grid.hidden = confirm.hidden = !page.images.length;
  foot.hidden = page.empty === 'pictures';
  done.max = Math.max(1, page.labelled + page.unlabelled + page.waiting || 0);
  done.value = page.labelled || 0;
  count.textContent = page.empty === 'pictures' || page.labelled === undefined ? '' : `${page.labelled} of ${page.labelled + page.unlabelled + page.waiting} labelled${page.waiting ? ` · ${plural(page.waiting, 'picture')} still being read` : ''}`;
  progress.hidden = main.hidden = !count.textContent;
  notice.replaceChildren(...(message ? [make('div', { class: 'bk-note' }, message)] : []), ...emptyState());
  if (!page.images.length && !side.hidden) hideLarge();
  side.dataset.id = '';
  settle();
  refresh();
}

function drawWhy() {
  const leave = (text, filter) => make('button', { type: 'button', onclick: () => { if (hasUnstored()) return; view[filter] = ''; load(); } }, text);
  const text = page.audit ? `${page.audit} left, ${page.why}: label one after the other` : page.mapped && picks.length > page.images.length ? `${page.images.length} of ${plural(picks.length, 'picture')} ${page.why}` : `${plural(page.images.length, 'picture')}: ${page.why}`;
  why.replaceChildren(...(page.images.length ? [text] : []), ...(page.audit ? [' ', leave('Leave the audit', 'audit')] : view.like ? [' ', leave('Back to the order', 'like')] : picks.length ? [' ', make('button', { type: 'button', onclick: backToOrder }, 'Back to the order')] : []));
}

function emptyState() {
  const button = (text, act) => make('button', { type: 'button', onclick: act }, text);
  const link = (tab, text) => make('a', { href: `?tab=${tab}` }, text);
  const rows = {
    pictures: ['There are no pictures yet. ', link('data', 'Bring pictures in on the Data tab'), '.'],
    done: ['Every picture has a label. The next step: ', link('train', 'Train'), '.'],
    waiting: [`The other ${plural(page.waiting, 'picture')} are still being read. `, button('Look again', () => load())],
    proposed: ['No picture that is left has this proposal. ', button('Show any label', () => { view.proposed = ''; load(); })],
    audit: [`Only the ${plural(page.unlabelled, 'picture')} of the audit are left. `, button('Go on with the audit', () => { view.audit = '1'; load(); })],
    others: [`Others look at the ${plural(page.unlabelled, 'picture')} that are left. `, button('Look again', () => load())],
  }[page.empty];
  return rows ? [make('div', { class: `rv-done ${page.empty === 'done' ? 'bk-ok' : 'bk-note'}` }, ...rows)] : [];
}

function confirmText() {
  const made = entries();
  if (!made.length) return isSettled() ? ['Next page', keyHint('Enter')] : [page.audit ? 'Type its label' : 'Type their label', keyHint('l')];
  const labels = [...new Set(made.map(({ to }) => to))];
  const n = made.length === page.images.length ? plural(made.length, 'picture') : `${made.length} of ${plural(page.images.length, 'picture')}`;
  return labels.length === 1 && labels[0] ? [`${n}: ${short(labels[0])}`, keyHint('Enter')] : [`${made.every(({ action }) => action === 'label') ? 'Label' : 'Save'} ${n}`, keyHint('Enter')];
}

function refresh() {
  root.classList.toggle('rv-away', Boolean(outbox.problem()));
  page.images.forEach(paint);
  confirm.replaceChildren(...confirmText());
  for (const button of [later, away]) button.disabled = !selected.size && !page.audit;
  for (const button of [later, away, large, like]) button.hidden = !page.images.length;
  picked.textContent = selected.size ? `${selected.size} selected` : '';
  saved.textContent = outbox.summary();
  saved.dataset.state = outbox.waiting().length ? 'waiting' : '';
}

const keyHint = (key) => make('span', { class: 'lb-key' }, ` (${key})`);
const act = (text, key, title, onclick) => make('button', { type: 'button', title, onclick: () => { onclick(); if (!document.querySelector('dialog[open]')) mark(); } }, text, key ? keyHint(key) : null);
const nameField = make('input', { class: 'rv-name', 'aria-label': 'Your name', onchange: () => { nameField.value = outbox.reviewer(nameField.value); } });
const bar = make('div', { class: 'rv-bar' });
const notice = make('div', { class: 'rv-notice' });
const name = make('div', { class: 'bk-big lb-name', role: 'status' });
const why = make('div', { class: 'bk-quiet lb-why' });
const done = make('progress', { 'aria-label': 'labelled' });
const count = make('span', {});
const progress = make('div', { class: 'lb-progress', hidden: true }, done, count);
const hintBox = make('div', { class: 'rv-hint', role: 'status' });
const saved = make('b', { class: 'rv-saved', role: 'status' });
const picked = make('span', { class: 'lb-count', role: 'status' });
const grid = make('div', { class: 'rv-grid', tabindex: 0, role: 'grid', 'aria-multiselectable': 'true', 'aria-label': 'pictures to label' });
const side = make('aside', { class: 'rv-side', hidden: true });
const labels = make('aside', { class: 'lb-set', 'aria-label': 'labels' });
const confirm = make('button', { type: 'button', class: 'rv-confirm', onclick: () => { storePage(); if (!palette.open) mark(); } }, '');
const later = act('Later', 'x', 'not sure: leave the selected pictures for later', () => setAside());
const away = act('Delete', 'd', 'delete the selected pictures', () => remove());
const large = act('Large', '', 'Space', () => (side.hidden ? showLarge() : hideLarge()));
const like = act('Like this', '', 'L: the pictures most like this one', () => likeThis());
const foot = make('div', { class: 'rv-foot', hidden: true }, confirm, make('div', { class: 'lb-tools' }, later, away, act('Undo', 'u', '', () => undoOrRedo('undo')), act('Redo', 'r', '', () => undoOrRedo('redo')),
  large, like, act('?', '', 'all keys', () => showHelp())), picked, saved, hintBox);
const main = make('div', { class: 'rv-main lb-main', hidden: true }, mapBox, grid, side, labels);
const rest = make('section', { class: 'lb-rest', hidden: true, 'aria-label': 'the rest' });
const root = make('div', { class: 'rv lb' }, bar, notice, make('div', { class: 'lb-top' }, make('div', {}, name, why), progress), main, foot, rest, palette, help);

window.addEventListener('pagehide', () => {  // others need not wait until this page is given to them
  if (page.images.length) outbox.lastCall('label', 'give_up', { reviewer: reviewer(), images: page.images.map((image) => image.image_id) });
});
window.addEventListener('pageshow', (event) => { if (event.persisted && !choices.size) load(); });  // Back: others may have it now

whenReady(() => begin('bearkit-label', onOutbox, () => { if (!busy() && !choices.size) { readAddress(); load('', true); } }));
