"""OSWorld's evaluation functions, each loaded when a task uses it.

A function takes what the result getter found, what was expected, and the task's options; it
returns a `Verdict`. Files come as bytes. What an agent left in a broken state is a `Spoiled`
result and scores 0; a fault of the task itself raises.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from tracegraph.envs.desktop.tasks.evaluators.verdict import Spoiled, Verdict
from tracegraph.envs.protocol import EvalError

__all__ = ["Spoiled", "Verdict", "known", "load"]

Evaluate = Callable[..., Verdict]

_HOMES = {
    "texts": (
        "exact_match", "literal_match", "match_in_list", "check_include_exclude", "check_list",
        "compare_text_file", "diff_text_file", "compare_csv", "check_csv", "is_in_list",
        "fuzzy_match", "file_contains", "compare_config", "compare_answer",
    ),
    "trees": ("check_accessibility_tree",),
    "programs": (
        "check_config_status", "is_vlc_recordings_folder", "check_qt_bgcone",
        "check_qt_max_volume", "check_qt_minimal_view",
        "check_one_instance_when_started_from_file", "check_font_size",
    ),
    "settings": ("check_json", "check_json_settings", "check_direct_json_object"),
    "tables": ("compare_table",),
    "documents": (
        "compare_docx_files", "compare_font_names", "is_first_line_centered",
        "contains_page_break", "compare_docx_tables",
    ),
}  # fmt: skip


def known(name: str) -> bool:
    """Return whether there is an evaluation function of a name."""
    return any(name in names for names in _HOMES.values())


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
