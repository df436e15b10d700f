"""Agents of the OpenAI SDK are recorded by its hooks; its module and our folder coexist."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("openai")
ROOT = Path(__file__).parents[2]

import tracegraph as tg  # noqa: E402
from tracegraph.errors import MissingExtraError  # noqa: E402

try:  # before `agents` is imported: our own folder would be found
    from tracegraph.integrations import openai_agents
    from tracegraph.integrations.openai_agents import parameters, trace_agent
except MissingExtraError:
    pytest.skip("openai-agents is not installed", allow_module_level=True)

from agents.testing import ScriptedModel, assistant_message, function_call  # noqa: E402

from agents import (  # noqa: E402
    Agent,
    AgentHooks,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    RunConfig,
    Runner,
    function_tool,
    input_guardrail,
)

QUIET = RunConfig(tracing_disabled=True)


@function_tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"It rains in {city}."


@input_guardrail
def polite(context, agent, value):
    return GuardrailFunctionOutput(None, tripwire_triggered="stupid" in str(value))


def team():
    """Return an agent that looks the weather up and hands over to another, and their model."""
    german = Agent(
        name="german",
        instructions="Answer in German.",
        model=ScriptedModel([[assistant_message("Nimm einen Schirm mit.")]]),
    )
    model = ScriptedModel(
        [
            [function_call("weather", {"city": "Oslo"}, call_id="1")],
            [function_call("transfer_to_german", {}, call_id="2")],
        ]
    )
    agent = Agent(
        name="guide",
        instructions="Be helpful.",
        model=model,
        tools=[weather],
        handoffs=[german],
        input_guardrails=[polite],
    )
    return agent, model


async def test_an_agent_its_tools_and_handoffs():
    plain = await Runner.run(team()[0], "Weather in Oslo?", run_config=QUIET)
    agent, model = team()
    traced = trace_agent(agent)
    with tg.record() as run:
        result = await Runner.run(traced, "Weather in Oslo?", run_config=QUIET)
    assert result.final_output == plain.final_output == "Nimm einen Schirm mit."
    named = {node.name: node for node in run.nodes}
    assert sorted(named) == ["german0", "guide0", "guide1", "handoff0", "polite0", "weather0"]
    assert named["weather0"].data == "It rains in Oslo."
    assert named["weather0"].inputs["called_by"] is named["guide0"]
    assert {named["guide0"], named["weather0"]} <= set(named["guide1"].parents)
    assert named["german0"].inputs["chosen_by"] is named["handoff0"]
    guide, german = parameters(traced)
    run.feedback(result.final_output, "In English, please.")
    assert guide.feedback
    assert german.feedback
    assert agent.instructions == "Be helpful."
    assert [call.system_instructions for call in model.calls] == ["Be helpful."] * 2


async def test_instructions_are_those_of_the_recording():
    agent, model = team()
    traced = trace_agent(agent)
    with tg.record(values={parameters(traced)[0]: "Be brief."}):
        await Runner.run(traced, "Weather in Oslo?", run_config=QUIET)
    assert [call.system_instructions for call in model.calls] == ["Be brief."] * 2


async def test_own_hooks_streams_and_guardrails():
    seen = []

    class Own(AgentHooks):
        async def on_llm_end(self, context, agent, response):
            seen.append(agent.name)

    agent, _ = team()
    agent.hooks = Own()
    traced = trace_agent(agent)
    with tg.record() as run:
        streamed = Runner.run_streamed(traced, "Weather in Oslo?", run_config=QUIET)
        events = [event.type async for event in streamed.stream_events()]
    assert seen == ["guide", "guide"]
    assert "raw_response_event" in events
    assert run.node_of(streamed.final_output).name == "german0"
    with tg.record() as run, pytest.raises(InputGuardrailTripwireTriggered):
        await Runner.run(trace_agent(team()[0]), "You are stupid.", run_config=QUIET)
    assert any(node.name == "polite0" for node in run.nodes)


PROGRAM = """
import sys
import tracegraph.agents
from tracegraph.integrations.openai_agents import sdk, trace_agent
from agents import Agent
assert sdk().Agent is Agent
assert trace_agent(Agent(name="a", instructions="b")).name == "a"
assert tracegraph.agents is not sys.modules["agents"]
import tracegraph.agents.episode
print("both")
"""


@pytest.mark.parametrize("folder", ["elsewhere", "root"])
def test_the_sdk_and_our_folder_coexist(folder, tmp_path):
    where = ROOT if folder == "root" else tmp_path
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=where, capture_output=True, text=True, check=False
    )
    assert done.stdout == "both\n", done.stderr


def test_another_module_of_that_name_is_named(monkeypatch):
    import types

    monkeypatch.setitem(sys.modules, "agents", types.ModuleType("agents"))
    with pytest.raises(openai_agents.AgentError, match="is not the OpenAI Agents SDK"):
        openai_agents.sdk()
