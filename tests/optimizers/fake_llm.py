"""A client whose model is a list of answers, or a function of the request."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from tracegraph.models import LLM
from tracegraph.models.request import Request
from tracegraph.models.transport import Reply

Answers = Sequence[Any] | Callable[[Request], Any]


class FakeTransport:
    """Gives the answers in order (the last one for ever), and keeps the requests."""

    free = True

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.requests: list[Request] = []

    def constrains_to(self, schema: dict[str, Any]) -> bool:
        return True

    def capacity(self, wanted: int) -> int:
        return 64

    def worst_price(self, prompt_tokens: int, completion_tokens: int) -> float:
        return 0.0

    async def prompt_tokens(self, request: Request) -> int | None:
        return None

    async def complete(self, request: Request, timeout: float) -> Reply:
        self.requests.append(request)
        if callable(self.answers):
            answer = self.answers(request)
        else:
            answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        text = answer if isinstance(answer, str) else json.dumps(answer)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop",
        }
        choices = [{**choice, "index": i} for i in range(request.n)]
        return Reply({"choices": choices, "usage": {"prompt_tokens": 10, "completion_tokens": 5}})

    async def aclose(self) -> None:
        pass


class FakeLLM(LLM):
    """A client of a fake transport; what was asked is in ``requests``."""

    def __init__(self, answers: Answers, model: str = "fake", **options: Any) -> None:
        self.fake = FakeTransport(answers)
        super().__init__(model, transport=self.fake, store=False, **options)

    @property
    def requests(self) -> list[Request]:
        return self.fake.requests

    def asked(self, number: int = -1) -> str:
        return "\n".join(str(m["content"]) for m in self.requests[number].messages)


def suggest(reasoning: str = "because", **values: Any) -> dict[str, Any]:
    return {"reasoning": reasoning, "suggestion": values}
