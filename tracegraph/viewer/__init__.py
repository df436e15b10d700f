"""The run store in a browser: look at runs, follow them live, decide, compare, export.

    tracegraph view

Needs ``pip install 'tracegraph[viewer]'``.
"""

from tracegraph.viewer.app import make_app
from tracegraph.viewer.serve import serve

__all__ = ["make_app", "serve"]
