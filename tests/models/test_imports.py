from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("litellm", "httpx", "numpy", "torch", "xllamacpp", "openai", "rich", "jsonschema")


@pytest.mark.parametrize(
    "work",
    [
        "import tracegraph.models",
        "from tracegraph.models import *",
        "from tracegraph.models import LLM; LLM('local', store=False); LLM('vllm:m', store=False)",
        "from tracegraph.models import LLM; LLM('openai/gpt-4.1-mini', store=False)",
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_used(work: str) -> None:
    program = f"{work}\nimport sys; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == ""


def test_the_public_names_are_all_there() -> None:
    from tracegraph import models

    for name in models.__all__:
        assert getattr(models, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = models.nothing
