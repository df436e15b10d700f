"""What the documentation shows of the code: pages that are made while the site is built.

MkDocs calls these functions by their names. Nothing that they make is kept in the tree, so none of
it can be out of date.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from api import PACKAGES, package_page, table
from commands import command_page
from decisions import decisions_page
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]


def on_config(config: Any) -> Any:
    """Show the reader of sources where `agents`, `envs` and `prompts` are installed."""
    tree = ROOT / "build" / "links" / "tracegraph"
    tree.mkdir(parents=True, exist_ok=True)
    homes = [*(ROOT / "tracegraph").iterdir(), *(ROOT / n for n in ("agents", "envs", "prompts"))]
    for home in homes:
        link = tree / home.name
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(home, tree))
    (reference,) = [part["Reference"] for part in config.nav if "Reference" in part]
    (api,) = [entry for entry in reference if "API" in entry]
    api["API"] = ["reference/api.md", *({name: _path(name)} for name in PACKAGES)]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made from the code."""
    made = {
        "reference/commands.md": command_page(),
        "reference/api.md": table(),
        "decisions/index.md": decisions_page(ROOT / "docs" / "decisions"),
        **{_path(name): package_page(name) for name in PACKAGES},
    }
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    return files


def _path(package: str) -> str:
    return f"reference/api/{package}.md"
