"""The look of all pages: one calm theme, the system's fonts, nothing loaded from other sites."""

from pathlib import Path

import gradio as gr

CSS = (Path(__file__).parent / "page.css").read_text()


SETTINGS = {  # of the theme: a value of the palette (`*primary_700`) or of CSS for each of Gradio's variables
    "color_accent": "*primary_700",
    "link_text_color": "*primary_700",
    "link_text_color_hover": "*primary_800",
    "link_text_color_visited": "*primary_700",
    "link_text_color_active": "*primary_700",
    "link_text_color_dark": "*primary_300",
    "link_text_color_hover_dark": "*primary_200",
    "link_text_color_visited_dark": "*primary_300",
    "link_text_color_active_dark": "*primary_300",
    "body_text_color_subdued": "*neutral_600",
    "body_text_color_subdued_dark": "*neutral_300",
    "input_placeholder_color": "*neutral_500",
    "input_placeholder_color_dark": "*neutral_400",
    "block_info_text_color": "*neutral_600",
    "block_info_text_color_dark": "*neutral_300",
    # names of fields are plain words, not coloured chips
    "block_label_background_fill": "transparent",
    "block_label_background_fill_dark": "transparent",
    "block_label_text_color": "*body_text_color",
    "block_label_text_color_dark": "*body_text_color",
    "block_label_text_weight": "500",
    "block_title_background_fill": "transparent",
    "block_title_background_fill_dark": "transparent",
    "block_title_text_color": "*body_text_color",
    "block_title_text_color_dark": "*body_text_color",
    "block_title_text_weight": "500",
    "block_title_padding": "0",
    "block_shadow": "none",
    "block_border_width": "1px",
    "button_primary_background_fill": "*primary_700",
    "button_primary_background_fill_hover": "*primary_800",
    "button_primary_background_fill_dark": "*primary_700",
    "button_primary_background_fill_hover_dark": "*primary_600",
    "button_primary_text_color": "white",
    "button_primary_text_color_dark": "white",
    "button_primary_shadow": "none",
    "button_primary_shadow_hover": "none",
    "button_secondary_background_fill": "*background_fill_primary",
    "button_secondary_background_fill_hover": "*neutral_100",
    "button_secondary_background_fill_dark": "*neutral_700",
    "button_secondary_background_fill_hover_dark": "*neutral_600",
    "button_secondary_border_color": "*neutral_300",
    "button_secondary_border_color_dark": "*neutral_500",
    "button_border_width": "1px",
    "button_secondary_shadow": "none",
    "button_secondary_shadow_hover": "none",
    "checkbox_label_shadow": "none",
    "checkbox_border_color": "*neutral_500",
    "checkbox_border_color_dark": "*neutral_400",
    "checkbox_background_color_selected": "*primary_700",
    "checkbox_background_color_selected_dark": "*primary_700",
    "checkbox_border_color_focus": "*primary_700",
    "checkbox_border_color_focus_dark": "*primary_300",
    "checkbox_label_background_fill_selected": "*primary_700",
    "checkbox_label_background_fill_selected_dark": "*primary_700",
    "checkbox_label_text_color_selected": "white",
    "input_border_width": "1px",
    "input_border_color": "*neutral_300",
    "input_border_color_dark": "*neutral_500",
    "input_shadow": "none",
    "input_shadow_dark": "none",
    "input_border_color_focus": "*primary_700",
    "input_border_color_focus_dark": "*primary_300",
    "slider_color": "*primary_700",
    "slider_color_dark": "*primary_500",
}


def theme() -> gr.themes.Base:
    """Return the Gradio theme: soft corners, warm greys, one accent colour.

    Text has a contrast of 4.5 : 1 or more on what is behind it, in light and dark (WCAG 2.2, 1.4.3). So the accent is a
    dark teal on light pages and under white text, and a light teal on dark pages.
    """
    return gr.themes.Soft(
        primary_hue="teal",
        neutral_hue="stone",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(**SETTINGS)
