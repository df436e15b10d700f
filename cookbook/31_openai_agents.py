"""Record an agent of the OpenAI Agents SDK: its answers, tools and handoffs, and who is to blame.

Run it: python cookbook/31_openai_agents.py

A scripted model answers; with another `model=` of the SDK the rest stays as it is.

Needs: pip install 'tracegraph[openai-agents]'
"""

import asyncio

from agents.testing import ScriptedModel, assistant_message, function_call

import tracegraph as tg
from agents import Agent, RunConfig, Runner, function_tool
from tracegraph.integrations.openai_agents import parameters, trace_agent


@function_tool
def stock(item: str) -> str:
    """Say how many of an item there are."""
    return f"There are 3 of {item} left."


def make():
    clerk = Agent(
        name="clerk",
        instructions="Answer the customer.",
        model=ScriptedModel([[assistant_message("Yes, three pumps are left.")]]),
    )
    return Agent(
        name="desk",
        instructions="Look things up, then hand over to the clerk.",
        model=ScriptedModel(
            [
                [function_call("stock", {"item": "pump"}, call_id="1")],
                [function_call("transfer_to_clerk", {}, call_id="2")],
            ]
        ),
        tools=[stock],
        handoffs=[clerk],
    )


async def main():
    agent = trace_agent(make())
    with tg.record() as run:
        result = await Runner.run(
            agent, "Do you have a pump?", run_config=RunConfig(tracing_disabled=True)
        )
    print(f"answer: {result.final_output}\n")
    recorded = run.graph()
    for node in recorded.calls:
        used = ", ".join(f"{p.name}" for p in node.parents if p.parents or p.trainable)
        print(f"  {node.name:10} from {used or 'the question'}")
    run.feedback(result.final_output, "Say the price as well.")
    print("\nthe feedback reached:")
    for parameter in parameters(agent):
        print(f"  {parameter.name}: {len(parameter.feedback)}")


if __name__ == "__main__":
    asyncio.run(main())
