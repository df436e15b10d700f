"""What models write for actions, both ways; each notation is a module.

`uitars` (a text), `computer13` (OSWorld's records), `pyautogui` (source, never run), `anthropic`
and `openai` (inputs of their computer-use tools). `Space` says what a model counts in.
"""

from tracegraph.envs.desktop.codecs.space import Space, smart_resize

__all__ = ["Space", "smart_resize"]
