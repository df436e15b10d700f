"""Reading the run store for pages: each function is a few indexed queries, however long a run is.

Functions take the open store and return frozen dataclasses. Pages that call them are plain
functions (``def``), which Starlette runs in a thread of its own.
"""

from tracegraph.viewer.data.opened import run_of, store_of
from tracegraph.viewer.data.pulse import Pulse, changes_of_file, pulse
from tracegraph.viewer.data.reviews import review_of

__all__ = ["store_of", "run_of", "review_of", "Pulse", "pulse", "changes_of_file"]
