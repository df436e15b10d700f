"""From a table to questions with verified answers to tagged episodes for training."""

from tracegraph.agents.datarus.synthesis.dataset import Sample, distinct, to_sample, write_dataset
from tracegraph.agents.datarus.synthesis.generate import KINDS, Generated, generate
from tracegraph.agents.datarus.synthesis.propose import Proposed, propose
from tracegraph.agents.datarus.synthesis.verify import Verified, agree, to_task, verify

__all__ = [
    "Generated", "generate", "KINDS",
    "Proposed", "propose", "Verified", "verify", "to_task", "agree",
    "Sample", "to_sample", "distinct", "write_dataset",
]  # fmt: skip
