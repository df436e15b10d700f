"""LocalXvfb: desktops on this machine, in the sandbox."""

from tracegraph.envs.desktop.local.xvfb import LocalXvfb

__all__ = ["LocalXvfb"]
