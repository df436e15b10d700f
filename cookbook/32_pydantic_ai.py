"""Record an agent of pydantic-ai, and try another prompt without touching the agent.

Run it: python cookbook/32_pydantic_ai.py

A function stands in for the model; with any other model of pydantic-ai the rest stays as it is.

Needs: pip install 'tracegraph[pydantic-ai]'
"""

from pydantic_ai import Agent, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel

import tracegraph as tg
from tracegraph.integrations.pydantic_ai import trace_agent


def model(messages, info):
    """Look the weather up, then answer as long as the instructions say."""
    last = messages[-1].parts[-1]
    if last.part_kind != "tool-return":
        return ModelResponse(parts=[ToolCallPart("weather", {"city": "Oslo"})])
    brief = "one word" in (info.instructions or "")
    return ModelResponse(parts=[TextPart("Rain." if brief else f"I looked it up. {last.content}")])


def make():
    agent = Agent(FunctionModel(model), name="guide", instructions="Tell the weather.")

    @agent.tool_plain
    def weather(city: str) -> str:
        """Say what the weather is like."""
        return f"It rains in {city}."

    return agent


def main():
    agent = trace_agent(make())
    (instructions,) = agent.parameters()
    for value in (instructions.data, "Tell the weather in one word."):
        with tg.record(values={instructions: value}) as run:
            result = agent.run_sync("Do I need an umbrella in Oslo?")
        print(f"{value!r}: {result.output}")
    print("\ncalls:", ", ".join(node.name for node in run.nodes))
    print("instructions of the agent:", repr(instructions.data))


if __name__ == "__main__":
    main()
