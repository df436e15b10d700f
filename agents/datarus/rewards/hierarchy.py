"""The hierarchical reward: a model judges each step, then the whole with these judgements.

Source: the hierarchical reward model of Datarus-R1 (arXiv 2508.13382), with a prompted judge in
place of a trained one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracegraph import prompts
from tracegraph.agents.datarus.cells import cut

if TYPE_CHECKING:
    from tracegraph.agents.episode import Episode, Turn
    from tracegraph.models import LLM
    from tracegraph.training.guide import Judgement

_OUTPUT = 800  # characters of an output that the judge reads of one step
_BRIEF = 200  # … of a step among others


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """What the judge said.

    Attributes:
        steps: how sound each step is, from 0 to 1, in their order.
        coherence: how well the whole holds together, from 0 to 1.
        agreement: how far repeated judgements agree: 1 when all are alike, 0 when they are
            spread as widely as can be; None when nothing was asked twice.
        step_feedback, feedback: the reasons.
    """

    steps: tuple[float, ...]
    coherence: float
    agreement: float | None
    step_feedback: tuple[str, ...]
    feedback: str

    @property
    def soundness(self) -> float:
        """The mean over the steps; 0 without any."""
        return sum(self.steps) / len(self.steps) if self.steps else 0.0


async def judge_episode(
    episode: Episode, question: str, llm: LLM, *, repeats: int = 1
) -> Hierarchy:
    """Judge the steps of an episode side by side, then the whole.

    The score of a step is written into its turn as "soundness", that of the whole into the
    episode as "soundness" and "coherence".

    Args:
        episode: what to judge.
        question: what was asked.
        llm: the judge.
        repeats: how often each judgement is asked for; several times measures agreement.

    Raises:
        ModelError: the judge gave no judgement; nothing is known then.
    """
    from tracegraph.training.data import Example
    from tracegraph.training.guides import Judge
    from tracegraph.training.guides.together import together

    of_step = Judge(prompts.load("datarus/rubric_step").format(), llm, repeats=repeats)
    of_whole = Judge(prompts.load("datarus/rubric_episode").format(), llm, repeats=repeats)
    turns = [t for t in episode.turns if t.observation is not None]
    briefs = [_told(turn, _BRIEF) for turn in turns]
    steps: list[Judgement] = await together(
        of_step.judge(
            Example(
                f"{episode.task}/{number}",
                {"question": question, "before": "\n\n".join(briefs[:number]) or "(nothing)"},
            ),
            _told(turn, _OUTPUT),
        )
        for number, turn in enumerate(turns)
    )
    lines = [
        f"Step {number} ({step.number:.2f} of 1 points: {step.feedback})\n{brief}"
        for number, (brief, step) in enumerate(zip(briefs, steps, strict=True), 1)
    ]
    whole_text = "\n\n".join([*lines, f"Final answer: {episode.answer or '(none)'}"])
    whole = await of_whole.judge(Example(episode.task, {"question": question}), whole_text)
    for turn, step in zip(turns, steps, strict=True):
        turn.rewards["soundness"] = step.number
    spreads = [judgement.spread for judgement in (*steps, whole)]
    found = Hierarchy(
        tuple(step.number for step in steps),
        whole.number,
        # The widest spread that scores from 0 to 1 can have is one half (of the population).
        None if repeats == 1 else 1 - min(1.0, sum(spreads) / len(spreads) / 0.5),
        tuple(step.feedback for step in steps),
        whole.feedback,
    )
    episode.rewards |= {"soundness": found.soundness, "coherence": found.coherence}
    return found


def _told(turn: Turn, length: int) -> str:
    action, seen = turn.action, turn.observation
    return (
        f"Thought: {action.get('thought') or '(none)'}\nCell:\n{cut(action['code'], 2 * length)}\n"
        f"Output ({seen['status']}):\n{cut(seen['text'], length)}"
    )
