// The address names the open tab, so that a reload comes back to it, Back goes to the tab before, and links to a tab
// open it without loading the page anew.

const openTab = () => new URLSearchParams(location.search).get('tab') || 'data';
const inMenu = (name) => [...document.querySelectorAll('.overflow-dropdown button')].find((one) => one.textContent.trim().toLowerCase() === name);
const show = (name) => (document.getElementById(`tab-${name}-button`) || inMenu(name))?.click();

const nameOf = (button) => {  // also of one in the menu of tabs that a narrow screen has no room for
  const name = button?.closest('.overflow-menu') ? button.textContent.trim().toLowerCase() : button?.id.match(/^tab-(\w+)-button$/)?.[1];
  return document.getElementById(`tab-${name}-button`) || document.getElementById(`tab-${name}`) ? name : undefined;
};

document.addEventListener('click', (event) => {  // Gradio's own event also comes for the first tab, while a page begins
  const name = nameOf(event.target.closest?.('button'));
  if (!name) return;
  if (name !== openTab()) {
    const address = new URL(location.href);
    address.searchParams.set('tab', name);
    history.pushState(history.state, '', address);
  }
  if (name === 'review') window.dispatchEvent(new Event('bearkit-review'));
});
window.addEventListener('popstate', () => show(openTab()));
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="?tab="]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const asked = new URLSearchParams(link.getAttribute('href'));
  const address = new URL(location.href);
  for (const [name, value] of asked) address.searchParams.set(name, value);
  history.pushState(history.state, '', address);
  show(asked.get('tab'));
});
