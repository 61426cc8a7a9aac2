// ----------------------------------------------------------------------------------------------------- the decisions

function decide(action, to = null) {
  const suspect = page.suspects[current];
  if (!suspect) return;
  if (isLoading()) return;
  hint('');
  const same = action === 'relabel' && to === suspect.given;  // the same label means keep
  if (action === 'relabel') offerLabel(to);
  send([same ? { image: suspect, action: 'keep', to: null } : { image: suspect, action, to }]);
  const next = page.suspects.findIndex((one, index) => index > current && !states.has(one.image_id));
  if (next >= 0) current = next;
  mark();
}

function send(entries, implied = false) {
  const token = crypto.getRandomValues(new Uint32Array(4)).join('-');
  number += 1;
  sent.set(token, { entries, number });
  for (const { image, action, to } of entries) states.set(image.image_id, { action, to, state: 'pending', number });
  outbox.add({
    project: page.project, kind: page.decided_as, reviewer: reviewer(), run: page.run, since: page.since, view: page.view,
    implied, token, choices: entries.map(choiceOf),
  });
  entries.forEach(({ image }) => paint(image));
}

function choiceOf({ image, action, to }) {
  if (action === 'other') return { image_id: image.twin.image_id, action: 'delete', to: null };
  return { image_id: image.image_id, action, to: action === 'keep' ? image.given || null : to };
}

function onOutbox({ kind, step, answer }) {  // an event of the outbox
  if (kind === 'back' && retrying) return load();
  if (kind === 'pressed') return grid.focus({ preventScroll: true });
  if (kind === 'change' || kind === 'back') return refresh();
  const { entries = [], number: of } = sent.get(step.token) || {};
  for (const { image, action } of entries) {
    const known = states.get(image.image_id);
    if (known?.number !== of) continue;  // it was decided again since
    if (kind === 'discarded') states.delete(image.image_id);
    else known.state = kind;
    const id = action === 'other' ? image.twin.image_id : image.image_id;
    if (kind === 'stored') known.others = answer.others?.[id];
    if (kind === 'stored' && known.to && answer.labels?.[id]) known.to = answer.labels[id];
  }
  if (kind === 'stored') useStoredLabels(entries, answer);
  if (kind === 'refused' || kind === 'discarded') entries.forEach(({ to }) => withdrawLabel(to));
  const unchanged = entries.length - (answer?.stored?.length ?? entries.length);
  if (unchanged > 0) news = `Others had already decided ${plural(unchanged, 'picture')} of the last page; left unchanged.`;
  if (answer?.order) { page.order = answer.order; keys.textContent = keysLine(); }
  refresh();
}

const typedHere = new Set();  // labels that are offered because someone typed them here; no stored picture has them yet

function offerLabel(label) {
  if (page.labels.includes(label)) return;
  page.labels.push(label);
  typedHere.add(label);
}

function withdrawLabel(label) {
  if (typedHere.delete(label)) page.labels = page.labels.filter((one) => one !== label);
}

function useStoredLabels(entries, answer) {  // the studio normalizes labels: offer the stored spelling, not the typed one
  for (const { image, to } of entries) {
    const label = answer.labels?.[image.image_id];
    if (to && label && label !== to) { withdrawLabel(to); offerLabel(label); }
  }
  if (answer.notes?.length) hint(`${answer.notes.join('. ')}.`);
}

function refresh() {
  root.classList.toggle('rv-away', Boolean(outbox.problem()));
  page.suspects.forEach(paint);
  saved.textContent = outbox.summary();
  saved.dataset.state = outbox.waiting().length ? 'waiting' : '';
  showProgress();
}

function confirmPage() {
  if (isLoading() || !page.suspects.length || isEarly()) return;
  const left = page.suspects.filter((suspect) => !states.has(suspect.image_id));
  if (page.kind === 'unlabelled' && left.some((suspect) => !suspect.predicted)) {
    if (left.length === page.suspects.length) return hint('Nothing is proposed for these pictures: press l and type the label of this picture.');
    return load();
  }
  hint('');
  const entries = left.map((image) => (page.kind === 'unlabelled' ? { image, action: 'relabel', to: image.predicted } : { image, action: 'keep', to: null }));
  const said = entries.filter(({ image }) => page.kind === 'unlabelled' || image.given);  // a picture without a label waits for one
  if (said.length && page.kind !== 'deleted') send(said, true);  // a deleted picture comes back only by a key of its own
  if (page.set) turn(page.suspects.length);
  else load();
}

function turn(step) {  // to the next or an earlier page of a set; pictures that left it since make its later ones move up
  view.start = String(Math.max(0, page.start + step) || '');
  view.at = '';
  load('', false, page.total);
}

async function undoOrRedo(action) {
  if (isLoading()) return;
  await outbox.settled();
  if (outbox.waiting().length) return hint(`${action === 'undo' ? 'Undo' : 'Redo'} works once all decisions are saved.`);
  const answer = await call('undo_or_redo', { action, reviewer: reviewer() });
  if (answer.error) return showError(answer);
  notice.querySelector('[role=alert]')?.remove();
  outbox.countSoon();
  const here = new Map(page.suspects.flatMap((suspect) => [[suspect.image_id, suspect], ...(suspect.twin ? [[suspect.twin.image_id, suspect]] : [])]));
  if (action === 'undo' && answer.rows.some((row) => !here.has(row.image_id))) return load(answer.message);
  for (const row of answer.rows) {
    const suspect = here.get(row.image_id);
    if (suspect) showDecision(suspect, row);
    else if (action === 'redo') countDecision(row);
  }
  current = Math.max(0, page.suspects.indexOf(here.get(answer.rows[0].image_id)));
  refresh();
  hint(answer.message);
  mark();
}

function showDecision(suspect, { image_id: id, now }) {  // show the valid decision about a picture after an undo or a redo
  if (!now || now.id <= page.since) return states.delete(suspect.image_id);
  const action = id === suspect.image_id ? now.action : 'other';
  states.set(suspect.image_id, { action, to: now.to, state: 'stored', number, others: now.by === reviewer() ? '' : now.by });
}

function countDecision({ action }) {
  page.progress.decided += 1;
  if (['relabel', 'label', 'unlabel'].includes(action)) page.progress.changed += 1;
  if (action === 'delete') page.progress.deleted += 1;
}
