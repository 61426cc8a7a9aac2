// ------------------------------------------------------------------- the rest: how sure the proposals are, and accept them

let acceptedLast = false;  // whether the last step from here was to accept the rest: undo takes it back
const LEAST = { 0: 'of any probability', 0.5: 'of at least 50 %', 0.8: 'of at least 80 %', 0.9: 'of at least 90 %', 0.95: 'of at least 95 %', 0.99: 'of at least 99 %' };
let least = '0';           // the probability of proposals to accept
let takenBack = false;     // whether that was undone: redo accepts it again

async function drawRest() {
  const requestNumber = loading;
  const asked = least;
  const answer = await call('rest', { least: Number(least) });
  if (requestNumber !== loading || asked !== least || answer.error) return;
  const button = (text, onclick, disabled) => make('button', { type: 'button', disabled, onclick }, text);
  rest.hidden = (!answer.sentence && !Number(least)) || page.empty === 'pictures';
  rest.replaceChildren(
    make('h4', {}, 'The rest'),
    make('div', { class: 'lb-sentence' }, answer.sentence || 'The model is not as sure of any picture.'),
    make('div', { class: 'lb-buttons' },
      (answer.left || answer.pending) && !page.audit ? button(answer.pending ? `Audit: ${answer.pending} left to label` : `Audit: label ${Math.min(50, answer.left)} at random`, startAudit) : null,
      answer.left && !page.audit ? button(`Accept the rest: ${plural(answer.acceptable, 'picture')}`, acceptRest, !answer.acceptable) : null,
      answer.left && !page.audit ? leastField() : null,
      answer.accepted ? button(`Take back the model's ${plural(answer.accepted, 'label')}`, takeBack) : null),
    make('div', { class: 'bk-quiet' }, page.audit
      ? 'An audit shows pictures drawn at random, without proposals, so that your answers say how good the proposals are. “Not sure” counts as a wrong proposal.'
      : 'Accepted labels are marked as the model\'s. They are never used to measure errors, and the Review tab shows them like any other.'));
}

function leastField() {
  const select = make('select', { 'aria-label': 'which proposals', onchange: () => { least = select.value; drawRest(); } },
    ...Object.entries(LEAST).sort(([one], [other]) => one - other).map(([value, text]) => make('option', { value, selected: value === least || undefined }, text)));
  return select;
}

async function ask(name) {  // a step of the studio, once all decisions are stored
  if (isLoading() || hasUnstored()) return null;
  await outbox.settled();
  if (outbox.waiting().length) return hint('This works once all decisions are saved.');
  const answer = await call(name, { least: Number(least) });
  if (answer.error) showError(answer);
  return answer.error ? null : answer;
}

async function startAudit() {
  if (!await ask('audit')) return;
  view.audit = '1';
  picks = [];
  view.like = '';
  load();
}

async function acceptRest() {
  const answer = await ask('accept');
  if (!answer) return;
  acceptedLast = true;
  outbox.countSoon();
  load(`The model labelled ${plural(answer.accepted, 'picture')}. Undo (u) takes them back.`);
}

async function takeBack() {
  if (isLoading() || hasUnstored()) return;
  acceptedLast = true;
  await undoOrRedo('undo');
}
