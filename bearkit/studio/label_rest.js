// ------------------------------------------------------------------- the rest: how sure the proposals are, and accept them

let acceptedLast = false;  // whether the last step from here was to accept the rest: undo takes it back
let takenBack = false;     // whether that was undone: redo accepts it again

async function drawRest() {
  const requestNumber = loading;
  const answer = await call('rest', {});
  if (requestNumber !== loading || answer.error) return;
  const button = (text, act, kind) => make('button', { type: 'button', class: kind, onclick: act }, text);
  rest.hidden = !answer.sentence || page.empty === 'pictures';
  rest.replaceChildren(
    make('h4', {}, 'The rest'),
    make('div', { class: 'lb-sentence' }, answer.sentence),
    make('div', { class: 'lb-buttons' },
      (answer.left || answer.pending) && !page.audit ? button(answer.pending ? `Audit: ${answer.pending} left to label` : `Audit: label ${Math.min(50, answer.left)} at random`, startAudit) : null,
      answer.left && !page.audit ? button(`Accept the rest: ${plural(answer.left, 'picture')}`, acceptRest) : null,
      answer.accepted ? button(`Take back the model's ${plural(answer.accepted, 'label')}`, takeBack) : null),
    make('div', { class: 'bk-quiet' }, page.audit
      ? 'An audit shows pictures drawn at random, without proposals, so that your answers say how good the proposals are. “Not sure” counts as a wrong proposal.'
      : 'Accepted labels are marked as the model\'s. They are never used to measure errors, and the Review tab shows them like any other.'));
}

async function ask(name) {  // a step that the studio makes by itself, once all decisions are stored
  if (isLoading()) return null;
  await outbox.settled();
  if (outbox.waiting().length) return hint('This works once all decisions are saved.');
  const answer = await call(name, {});
  if (answer.error) showError(answer);
  return answer.error ? null : answer;
}

async function startAudit() {
  if (!await ask('audit')) return;
  view.audit = '1';
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
  if (isLoading()) return;
  acceptedLast = true;
  await undoOrRedo('undo');
}
