"""Agents of pydantic-ai are recorded by its hooks, and their prompts are parameters."""

import pytest

pytest.importorskip("pydantic_ai")
from pydantic import BaseModel
from pydantic_ai import Agent, ModelResponse, ModelRetry, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.test import TestModel

import tracegraph as tg
from tracegraph.integrations.pydantic_ai import trace_agent


def make(seen):
    """Return an agent with a scripted model that notes what it is told."""

    def model(messages, info):
        system = [p.content for p in messages[0].parts if p.part_kind == "system-prompt"]
        seen.append((system, info.instructions))
        last = messages[-1].parts[-1]
        if "rains" in str(last.content):
            return ModelResponse(parts=[TextPart(f"Take an umbrella: {last.content}")])
        city = "nowhere" if last.part_kind == "user-prompt" else "Oslo"
        return ModelResponse(parts=[ToolCallPart("weather", {"city": city})])

    agent = Agent(FunctionModel(model), system_prompt="Be kind.", instructions="Be brief.")

    @agent.tool_plain
    def weather(city: str) -> str:
        """Tell the weather."""
        if city == "nowhere":
            raise ModelRetry("there is no such city")
        return f"It rains in {city}."

    return agent


def test_an_agent_and_its_tools():
    plain = make([]).run_sync("Weather?")
    seen = []
    agent = trace_agent(make(seen), name="guide")
    with tg.record() as run:
        result = agent.run_sync("Weather?")
    assert result.output == plain.output == "Take an umbrella: It rains in Oslo."
    assert seen == [(["Be kind."], "Be brief.")] * 3
    named = {node.name: node for node in run.nodes}
    assert list(named) == ["guide0", "weather0", "guide1", "weather1", "guide2"]
    assert [node.name for node in run.failed] == ["weather0"], "the tool asked for another try"
    assert named["weather1"].inputs["called_by"] is named["guide1"]
    assert named["weather1"] in named["guide2"].parents
    assert run.node_of(result.output) is named["guide2"]
    assert [p.name for p in agent.parameters()] == ["guide_system_prompt", "guide_instructions"]
    run.feedback(result.output, "Too wet.")
    assert all(p.feedback for p in agent.parameters())


async def test_prompts_are_those_of_the_recording():
    seen = []
    agent = trace_agent(make(seen))
    system, instructions = agent.parameters()
    with tg.record(values={system: "Be rude.", instructions: "Be long."}):
        await agent.run("Weather?")
    assert seen == [(["Be rude."], "Be long.")] * 3
    instructions.update("Be exact.")
    seen.clear()
    result = await agent.run("Weather?")
    assert seen[0] == (["Be kind."], "Be exact.")
    assert result.all_messages()[0].parts[0].content == "Be kind.", "the history is the agent's"


async def test_structured_output_and_streams():
    class City(BaseModel):
        name: str

    agent = trace_agent(Agent(TestModel(), output_type=City, instructions="Name a city."))
    with tg.record() as run:
        result = await agent.run("Where?")
    assert isinstance(result.output, City)
    assert run.nodes[0].data["tool_calls"][0]["name"] == "final_result"
    words = trace_agent(Agent(TestModel(custom_output_text="one two three"), instructions="Count."))
    with tg.record() as run:
        async with words.run_stream("Count.") as stream:
            pieces = [piece async for piece in stream.stream_text(delta=True)]
    assert "".join(pieces) == "one two three"
    assert [node.data for node in run.nodes] == ["one two three"]
