"""People beside the agent: who answers its questions, and who must agree first."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from tracegraph.envs.desktop.actions import Action, Keys, Type

# Gets the agent's question, returns what the person said.
Ask = Callable[[str], Awaitable[str]]
# Gets an action and why it is dangerous; returns whether it may be carried out.
Approve = Callable[[Action, str], Awaitable[bool]]

_DANGEROUS = (
    (r"\brm\s+(-\w*\s+)*-\w*[rf]", "it deletes files for good"),
    (r"\bsudo\b|\bsu\s+-", "it asks for the rights of the administrator"),
    (r"\b(shutdown|reboot|poweroff|halt)\b", "it ends the system"),
    (r"\bmkfs|\bdd\s+.*of=/dev/|>\s*/dev/sd", "it overwrites disks"),
    (r"\b(curl|wget)\b.*\|\s*(ba|z|da)?sh\b", "it runs a program from the network"),
    (r"\bkill(all)?\s+-9|\bpkill\b", "it ends programs"),
    (r"\bgit\s+push\s+.*(--force|-f\b)", "it overwrites what others have"),
    (r":\(\)\s*\{", "it starts programs without end"),
)
_CHORDS = {("alt", "f4"): "it closes a window", ("ctrl", "alt", "delete"): "it ends the session"}


def danger(action: Action) -> str:
    """Return why an action wants a person's consent; "" for one that does not."""
    if isinstance(action, Type):
        for pattern, why in _DANGEROUS:
            if re.search(pattern, action.text):
                return why
    if isinstance(action, Keys):
        return _CHORDS.get(action.names, "")
    return ""


async def ask_in_terminal(question: str) -> str:
    """Ask the person at the terminal; an empty answer means that he has nothing to say."""
    return await asyncio.to_thread(input, f"\nThe agent asks: {question or 'What now?'}\n> ")


async def approve_in_terminal(action: Action, why: str) -> bool:
    """Ask the person at the terminal whether an action may be carried out."""
    said = await asyncio.to_thread(input, f"\nThe agent wants {action}: {why}. Allow? [y/N] ")
    return said.strip().lower() in ("y", "yes")


async def nobody_approves(action: Action, why: str) -> bool:
    """Refuse: where no person is there."""
    return False
