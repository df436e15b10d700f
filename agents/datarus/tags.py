"""The tags of the protocol: how they are found, written and taken out of what a cell printed.

Source: Datarus-R1 (arXiv 2508.13382), the published harness. The agentic mode is
``<step><thought>…</thought><action>python_executor</action><action_input>…</action_input></step>``
until ``<stop_analysis><thought>…</thought><answer>…</answer></stop_analysis>``; the reflection
mode is ``<think>…</think><answer>…</answer>``.
"""

from __future__ import annotations

import re

NAMES = (
    "step", "thought", "action_input", "action", "observation", "stop_analysis", "answer", "think",
)  # fmt: skip
STOPS = ("</step>", "</stop_analysis>")
TOOL = "python_executor"

_NAME = "|".join(NAMES)
# What counts as a tag: any case, a little space inside. ASCII, because a long s is no s.
TAG = re.compile(rf"<[ \t]{{0,2}}(/?)[ \t]{{0,2}}({_NAME})[ \t]{{0,2}}>", re.IGNORECASE | re.ASCII)
LONGEST_TAG = len("</>") + 6 + max(map(len, NAMES))

# Everything that TAG can match begins so; besides, the tokens that chat templates are made of
# ("<|im_end|>"), which some servers read inside a message. What is escaped already counts too,
# so that escaping can be undone exactly.
_OPENING = re.compile(
    rf"(?:<|&(?:amp;)*lt;)(?=\s*/?\s*(?:{_NAME})|[|\uff5c])", re.IGNORECASE | re.ASCII
)
_ESCAPED = re.compile(rf"&(?:amp;)*lt;(?=\s*/?\s*(?:{_NAME})|[|\uff5c])", re.IGNORECASE | re.ASCII)


def escape(text: str) -> str:
    """Return a text that holds no tag and no chat token: their "<" became "&lt;"."""
    return _OPENING.sub(lambda m: "&lt;" if m[0] == "<" else "&amp;" + m[0][1:], text)


def unescape(text: str) -> str:
    """Undo `escape`."""
    return _ESCAPED.sub(lambda m: "<" if m[0] == "&lt;" else "&" + m[0][5:], text)


def step(thought: str, code: str, observation: str | None = None) -> str:
    """Return a step, with what came of it where that is known."""
    seen = "" if observation is None else f"<observation>{escape(observation)}</observation>\n"
    return (
        f"<step>\n<thought>{escape(thought)}</thought>\n<action>{TOOL}</action>\n"
        f"<action_input>\n{escape(code)}\n</action_input>\n{seen}</step>"
    )


def final(thought: str, answer: str) -> str:
    """Return the end of an analysis."""
    return (
        f"<stop_analysis>\n<thought>{escape(thought)}</thought>\n"
        f"<answer>{escape(answer)}</answer>\n</stop_analysis>"
    )


def reflection(thought: str, answer: str) -> str:
    """Return an answer of the reflection mode."""
    return f"<think>{escape(thought)}</think>\n<answer>{escape(answer)}</answer>"
