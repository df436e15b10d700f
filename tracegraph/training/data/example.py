"""One row of a data set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """What a workflow gets, and what is expected of it.

    Attributes:
        id: unique in a data set; chance is drawn from it, so that order in a file is nothing.
        inputs: the arguments of the workflow, by name.
        expected: what a guide compares with; None where nothing is.
        group: examples of one group (a user, a document) never go to different parts.
        part: ``train``, ``validation`` or ``test`` where the file says so.
    """

    id: str
    inputs: Mapping[str, Any]
    expected: Any = None
    group: str = ""
    part: str = ""


def fingerprint(value: object) -> str:
    """Return 16 hexadecimal digits for a value of the kinds that JSON has, in any key order."""
    text = json.dumps(value, sort_keys=True, default=repr, ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def inputs_of(example: Example) -> str:
    """Return what two examples have in common when their inputs are equal."""
    return fingerprint(dict(example.inputs))
