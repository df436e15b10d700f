"""A scripted model: it says what a recipe has written down, in place of a language model.

Recipes use it where the machinery around a model is the point; they say so when they run.
"""

import json

from tracegraph.models import LLM
from tracegraph.models.transport import Reply


class ScriptedTransport:
    """Gives answers in order, the last one for ever, or asks a function of the request."""

    free = True

    def __init__(self, answers):
        self.answers = answers
        self.asked = 0

    def constrains_to(self, schema):
        return True

    def capacity(self, wanted):
        return 8

    def worst_price(self, prompt_tokens, completion_tokens):
        return 0.0

    async def prompt_tokens(self, request):
        return None

    async def complete(self, request, timeout):
        if callable(self.answers):
            answer = self.answers(request)
        else:
            answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        text = answer if isinstance(answer, str) else json.dumps(answer)
        message = {"role": "assistant", "content": text}
        choices = [
            {"index": i, "message": message, "finish_reason": "stop"} for i in range(request.n)
        ]
        return Reply({"choices": choices, "usage": {"prompt_tokens": 10, "completion_tokens": 5}})

    async def aclose(self):
        pass


def scripted(answers):
    """Return a client whose answers are written down: a list, or a function of the request."""
    return LLM("scripted", transport=ScriptedTransport(answers), store=False)


def filled(schema, text="The value is not what it should be.", **values):
    """Return JSON that fits a schema: our value where a property is named, else a text."""
    return _filled(schema, schema.get("$defs", {}), text, values)


def _filled(part, shared, text, values):
    if "$ref" in part:
        part = shared[part["$ref"].rpartition("/")[2]]
    for either in ("anyOf", "oneOf"):
        if either in part:
            part = next(each for each in part[either] if each.get("type") != "null")
            return _filled(part, shared, text, values)
    if "properties" in part:
        return {
            name: values[name] if name in values else _filled(each, shared, text, values)
            for name, each in part["properties"].items()
            if name in values or name in part.get("required", ())
        }
    if "enum" in part:
        return part["enum"][0]
    if part.get("type") == "array":
        return [_filled(part.get("items", {}), shared, text, values)]
    return {"integer": 1, "number": 1.0, "boolean": True}.get(part.get("type"), text)
