"""The text agent's prompts, improved end to end: real desktops, models that follow rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.optimizers.fake_llm import FakeLLM, suggest
from tracegraph import agents
from tracegraph.models.request import Request
from tracegraph.optimizers import OptoPrime
from tracegraph.runs import Store
from tracegraph.training.data import Example, Splits
from tracegraph.training.guides.function import FunctionGuide
from tracegraph.training.settings import Settings
from tracegraph.training.trainer import Trainer
from tracegraph.training.workflow import load_module, load_workflow

pytestmark = pytest.mark.slow

WORKFLOW = Path(agents.__file__).parent / "gui" / "workflow.py"
RULE = "Save the file before you answer done."


def clerk(request: Request) -> dict[str, Any]:
    """Answer done at once, unless the rule tells to save first."""
    system, told = (str(message["content"]) for message in request.messages[:2])
    saved = "1. " in told.partition("so far:")[2].partition("On the screen")[0]
    action = "save" if RULE in system and not saved else "done"
    return {"thought": "Next.", "action": action, "element": 0, "text": ""}


def proposed(text: str, request: Request) -> dict[str, Any]:
    """Write the rule, once the feedback has told what went wrong; before that a harmless line."""
    told = "\n".join(str(message["content"]) for message in request.messages)
    wrong = 'ended with: the answer "done", although it was not' in told
    return suggest(gui_text=f"{text}\n- {RULE if wrong else 'Be quick.'}")


async def test_a_rule_that_helps_is_found_accepted_and_proven(tmp_path: Path) -> None:
    found, module = load_workflow(str(WORKFLOW)), load_module(WORKFLOW)
    module._llm = FakeLLM(clerk)
    text = str(found.values["gui_text"])
    optimizer = OptoPrime(llm=FakeLLM(lambda request: proposed(text, request)))
    seeds = {"train": range(2), "validation": range(2, 9), "test": range(1000, 1003)}
    splits = Splits(
        *(
            tuple(Example(f"{n}", {"task": f"easy/save-{n}"}) for n in part)
            for part in seeds.values()
        )
    )
    with Store(tmp_path / "runs.db") as store:
        result = await Trainer(
            found, splits, FunctionGuide(module.guide), optimizer, store=store,
            settings=Settings(steps=1, count=1, minibatch=2, probe=2, alpha=0.2, concurrency=2),
        ).train()  # fmt: skip
    assert result.improved
    assert RULE in result.values["gui_text"]
    assert result.proof is not None
    assert (result.proof.before.mean, result.proof.after.mean) == (0.0, 1.0)
