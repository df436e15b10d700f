"""The API pages: one a public package or module, from its `__all__` and its docstrings."""

from __future__ import annotations

import importlib
import importlib.util

# In the order in which somebody new would meet them.
PACKAGES = {
    "tracegraph": "record, give feedback, find the cause",
    "tracegraph.errors": "what all errors have in common",
    "tracegraph.models": "language models, budgets, cache, cassettes",
    "tracegraph.models.transport": "a way of one's own to a model",
    "tracegraph.models.testing": "cassettes in tests",
    "tracegraph.optimizers": "who proposes",
    "tracegraph.optimizers.front": "candidates that are best at something",
    "tracegraph.optimizers.merge": "two candidates made into one",
    "tracegraph.training": "the loop: data, guides, acceptance, proof",
    "tracegraph.training.search": "one objective in place of a data set",
    "tracegraph.training.acceptance": "the test that keeps a change",
    "tracegraph.training.data": "examples and splits",
    "tracegraph.training.guides": "who judges",
    "tracegraph.training.report": "a run as a page",
    "tracegraph.graph": "the recorder",
    "tracegraph.graph.blame": "which call is the cause",
    "tracegraph.graph.export": "graphs as documents and pictures",
    "tracegraph.sandbox": "where model-written code runs",
    "tracegraph.runs": "the run store",
    "tracegraph.integrations.langgraph": "graphs of LangGraph, as they are",
    "tracegraph.integrations.openai_agents": "agents of the OpenAI Agents SDK",
    "tracegraph.integrations.pydantic_ai": "agents of pydantic-ai",
    "tracegraph.integrations.clients": "OpenAI's clients and litellm",
    "tracegraph.integrations.mcp": "environments as tools",
    "tracegraph.integrations.otel": "OpenTelemetry, in and out",
    "tracegraph.integrations.mlflow": "runs in MLflow",
    "tracegraph.integrations.hub": "Hugging Face data sets, in and out",
    "tracegraph.viewer": "runs in a browser",
    "tracegraph.agents": "agents and their episodes",
    "tracegraph.agents.datarus": "data analysis in a notebook",
    "tracegraph.agents.datarus.dabench": "its benchmark",
    "tracegraph.agents.datarus.rewards": "its rewards",
    "tracegraph.agents.datarus.synthesis": "its training data",
    "tracegraph.agents.resocratic": "optimisation problems, solved and made",
    "tracegraph.agents.resocratic.seeds": "the models that it begins with",
    "tracegraph.agents.gui": "work at a desktop",
    "tracegraph.agents.gui.arpo": "its groups, replay, rewards",
    "tracegraph.agents.tspo": "frames of a long video",
    "tracegraph.agents.omni_r1": "a video at large and in detail",
    "tracegraph.envs": "what environments have in common",
    "tracegraph.envs.notebook": "a Jupyter kernel",
    "tracegraph.envs.solver": "solvers and certificates",
    "tracegraph.envs.desktop": "desktops",
    "tracegraph.envs.desktop.local": "one on this machine",
    "tracegraph.envs.desktop.tasks": "tasks at them",
    "tracegraph.envs.desktop.tasks.own": "ours, made from seeds",
    "tracegraph.envs.desktop.tasks.evaluators": "how tasks are scored",
    "tracegraph.envs.desktop.codecs": "what models write for actions",
    "tracegraph.envs.video": "videos by their own times",
    "tracegraph.envs.video.events": "what happens in a rendered video",
    "tracegraph.envs.video.scene": "rendered scenes, with true masks",
    "tracegraph.envs.video.writer": "frames into a file",
    "tracegraph.envs.video.segments": "what to find in a video",
    "tracegraph.envs.video.answering": "models that answer about frames",
    "tracegraph.envs.video.metrics": "J, F and their mean",
    "tracegraph.rollout": "many episodes",
    "tracegraph.policy": "the mathematics of policy training",
    "tracegraph.policy.trainer.settings": "of the reference trainer",
    "tracegraph.policy.trainer.tasks": "what it trains on",
    "tracegraph.policy.trainer.model": "what it trains",
    "tracegraph.policy.trainer.train": "the training, measured",
    "tracegraph.policy.trainer.log": "what happened in it",
    "tracegraph.policy.bridges": "trainers of other packages",
    "tracegraph.prompts": "prompts as files",
}


def public_names(package: str) -> list[str]:
    """Return what a package lists in `__all__`."""
    return list(importlib.import_module(package).__all__)


def table() -> str:
    """Return the page that lists all packages with their public names."""
    lines = [
        "# API",
        "",
        "What is public is what a package lists in `__all__`; everything else may change.",
        "Start with the first row; the others are there when they are needed.",
        "",
        "| package | what for | names |",
        "|---|---|---|",
    ]
    for package, purpose in PACKAGES.items():
        names = ", ".join(f"`{name}`" for name in public_names(package))
        lines.append(f"| [`{package}`](api/{package}.md) | {purpose} | {names} |")
    return "\n".join([*lines, ""])


def package_page(package: str) -> str:
    """Return the page of one package: its docstring, then every public name."""
    module = importlib.import_module(package)
    names = [name for name in public_names(package) if name != "__version__"]
    # Where a module beside it has the name too, the reader of sources takes `package.name` for
    # that module, so the object is looked up where it is defined.
    homes = {name: getattr(getattr(module, name), "__module__", "") for name in names}
    apart = [name for name in names if _is_module(homes[name].rpartition(".")[0], name)]
    members = "".join(f'        - "{name}"\n' for name in names if name not in apart)
    options = "      show_root_heading: false\n      show_root_toc_entry: false\n"
    page = f"# {package}\n\n::: {package}\n    options:\n{options}      members:\n{members}"
    return page + "".join(f"\n::: {homes[name]}.{name}\n" for name in apart)


def _is_module(package: str, name: str) -> bool:
    return package != "" and importlib.util.find_spec(f"{package}.{name}") is not None
