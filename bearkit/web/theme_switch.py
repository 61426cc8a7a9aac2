"""A button in the corner of every page that switches between light and dark."""

import gradio as gr

BUTTON = '<button type="button"></button>'
# Gradio shows a page dark if <body> has the class `dark`, and decides by the system when the page opens.
JS = """
const button = element.querySelector('button');
const isDark = () => document.body.classList.contains('dark');
const show = () => {
  button.textContent = isDark() ? '☀' : '☾';
  button.title = isDark() ? 'Switch to light' : 'Switch to dark';
  button.setAttribute('aria-label', button.title);
};
const stored = () => { try { return localStorage.getItem('bearkit-theme'); } catch { return null; } };
if (stored()) document.body.classList.toggle('dark', stored() === 'dark');
button.onclick = () => {
  document.body.classList.toggle('dark');
  try { localStorage.setItem('bearkit-theme', isDark() ? 'dark' : 'light'); } catch { /* a frame without storage */ }
  show();
};
new MutationObserver(show).observe(document.body, { attributeFilter: ['class'] });
show();
"""


def theme_switch() -> gr.HTML:
    """Add the button to the page that is being built. The browser remembers the choice."""
    return gr.HTML(html_template=BUTTON, js_on_load=JS, apply_default_css=False, elem_id="bk-theme")
