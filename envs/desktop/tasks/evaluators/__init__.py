"""OSWorld's evaluation functions, each loaded when a task uses it.

A function takes what the result getter found, what was expected, and the task's options; it
returns a `Verdict`. Files come as bytes. What an agent left in a broken state is a `Spoiled`
result and scores 0; a fault of the task itself raises.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.verdict import Spoiled, Verdict
from tracegraph.envs.protocol import EvalError

__all__ = ["Spoiled", "Verdict", "known", "load", "native"]

Evaluate = Callable[..., Verdict]

_HOMES = {
    "texts": (
        "exact_match", "literal_match", "match_in_list", "check_include_exclude", "check_list",
        "compare_text_file", "diff_text_file", "compare_csv", "check_csv", "is_in_list",
        "fuzzy_match", "file_contains", "compare_config", "compare_answer",
    ),
    "outputs": (
        "check_gnome_favorite_apps", "check_line_number", "check_moved_jpgs", "check_text_enlarged",
        "is_extension_installed", "is_in_vm_clickboard", "is_utc_0",
    ),
    "trees": ("check_accessibility_tree", "check_left_panel"),
    "browser": (
        "is_expected_active_tab", "is_expected_active_tab_approximate", "is_expected_bookmarks",
        "is_expected_installed_extensions", "is_expected_search_query", "is_expected_tabs",
        "is_expected_url_pattern_match", "is_cookie_deleted", "is_shortcut_on_desktop",
        "check_font_size", "check_history_deleted",
    ),
    "programs": (
        "check_config_status", "is_vlc_recordings_folder", "is_vlc_playing", "check_qt_bgcone",
        "check_qt_max_volume", "check_qt_minimal_view", "check_qt_slider_colours",
        "check_one_instance_when_started_from_file", "check_global_key_play_pause",
        "check_play_and_exit", "check_auto_saving_time",
    ),
    "settings": (
        "check_json", "check_json_settings", "check_direct_json_object", "check_json_keybindings",
    ),
    "tables": ("compare_table",),
    "documents": (
        "compare_docx_files", "compare_font_names", "is_first_line_centered",
        "contains_page_break", "compare_docx_tables",
    ),
    "slides": (
        "compare_pptx_files", "check_slide_orientation_Portrait", "check_transition",
        "evaluate_presentation_fill_to_rgb_distance",
    ),
    "pages": ("compare_pdfs", "check_pdf_pages"),
    "images": (
        "compare_images", "compare_image_list", "check_image_file_size", "check_image_size",
        "check_structure_sim", "check_structure_sim_resized", "check_structure_sim_with_threshold",
        "check_file_exists_and_structure_sim", "check_image_mirror",
        "check_brightness_decrease_and_structure_sim",
        "check_contrast_increase_and_structure_sim", "check_saturation_increase_and_structure_sim",
    ),
}  # fmt: skip
# The options that a function heeds; those that begin with "_" are remarks.
_OPTIONS: dict[str, tuple[str, ...]] = {
    "literal_match": ("ignore_case", "type"), "compare_config": ("containment_ok",),
    "compare_answer": ("containment_ok",), "compare_text_file": ("ignore_blanks", "ignore_case"),
    "compare_csv": ("strict", "ignore_case"), "compare_table": ("rules",),
    "compare_docx_files": (
        "content_only", "delete_empty_lines", "fuzzy_match", "ignore_blanks", "ignore_case",
        "ignore_order",
    ),
    "check_accessibility_tree": ("osname",),
    "compare_images": ("reference_base_result",), "check_structure_sim_with_threshold":
    ("ssim_threshold",), "check_brightness_decrease_and_structure_sim": ("threshold",),
    "compare_pptx_files": (
        "approximately_tolerance", "enable_debug", "examine_alignment", "examine_background_color",
        "examine_bullets", "examine_color_rgb", "examine_font_bold", "examine_font_italic",
        "examine_font_name", "examine_font_size", "examine_font_underline", "examine_image_size",
        "examine_indent", "examine_modify_height", "examine_note", "examine_number_of_slides",
        "examine_run_count", "examine_shape", "examine_strike_through", "examine_text",
    ),
}  # fmt: skip
_TABLE_RULES = ("sheet_name", "sheet_data", "sheet_fuzzy", "check_cell", "freeze", "zoom")
_CELL_PROPERTIES = (
    "value", "merge", "bgcolor", "fgcolor", "fill_type", "number_format", "font_bold", "font_color",
    "font_family", "font_italic", "font_name", "font_size", "font_underline",
)  # fmt: skip


def known(name: str) -> bool:
    """Return whether there is an evaluation function of a name."""
    return any(name in names for names in _HOMES.values())


def native(name: str, options: Mapping[str, Any]) -> bool:
    """Return whether a function is here and heeds all of a task's options."""
    heeded = _OPTIONS.get(name, ())
    if not known(name) or any(one not in heeded for one in options if not one.startswith("_")):
        return False
    rules = options.get("rules", []) if name == "compare_table" else []
    return all(
        rule.get("type") in _TABLE_RULES
        and all(name in _CELL_PROPERTIES for name in rule.get("props", {}))
        for rule in rules
    )


def load(name: str) -> Evaluate:
    """Return an evaluation function.

    Raises:
        EvalError: there is none of this name.
    """
    for home, names in _HOMES.items():
        if name in names:
            found: Evaluate = getattr(importlib.import_module(f"{__name__}.{home}"), name)
            return found
    raise EvalError(f"the evaluator {name} is unsupported")
