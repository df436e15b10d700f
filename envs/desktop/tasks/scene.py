"""What the steps of a task and its getters work on."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracegraph.envs.desktop.protocol import Desktop


@dataclass(slots=True)
class Scene:
    """A desktop, and what steps put aside from it for the evaluation.

    Attributes:
        desktop: the desktop.
        kept: the output of commands and files that were looked at, by the name that the task
            gives them; the getter ``cache_file`` reads them.
    """

    desktop: Desktop
    kept: dict[str, bytes] = field(default_factory=dict)
