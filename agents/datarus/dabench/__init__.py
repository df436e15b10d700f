"""InfiAgent-DABench: closed-form questions about CSV files (arXiv 2401.05507)."""

from tracegraph.agents.datarus.dabench.questions import Question, load, to_task
from tracegraph.agents.datarus.dabench.results import Results, summarize
from tracegraph.agents.datarus.dabench.scoring import score

__all__ = ["Question", "load", "to_task", "score", "Results", "summarize"]
