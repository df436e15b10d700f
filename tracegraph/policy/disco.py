"""DisCO: raise the scores of right answers over those of wrong ones, within a trust region.

Rewards are binary. Instead of weighting tokens by an advantage, the objective compares scores of
whole answers to one question, and instead of clipping, the KL to the old policy is held below a
bound by a squared hinge. Source: DisCO (arXiv 2505.12366).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor


def score(
    logps: Tensor, mask: Tensor, old: Tensor | None = None, kind: Literal["log", "ratio"] = "log"
) -> Tensor:
    """Return the score of each completion, shape (completions,).

    - log: ``s = mean_t logp_t`` ("log-L");
    - ratio: ``s = mean_t exp(logp_t - old_t)`` ("L-ratio"), which needs ``old``.
    """
    if kind == "log":
        values = logps
    elif old is None:
        raise ValueError("score(kind='ratio') needs the old log-probabilities")
    else:
        values = (logps - old).exp()
    return (values * mask).sum(-1) / mask.sum(-1).clamp(min=1)


def disco_objective(
    scores: Tensor, right: Tensor, groups: Tensor, temperature: float | None = 10.0
) -> Tensor:
    """Return what is to be maximised: the mean over questions that have both kinds of answers.

    ``mean_{i right} s_i - tau log mean_{j wrong} exp(s_j / tau)``: the larger a wrong answer's
    score, the more it counts. The value is the objective itself, so that it can be logged.

    Args:
        scores: shape (completions,).
        right: which answers are right, as booleans.
        groups: the question of each.
        temperature: tau; None is its limit at infinity, the plain mean of wrong scores (DisCO-b).
    """
    terms = []
    for question in groups.unique():
        here = groups == question
        good, bad = scores[here & right], scores[here & ~right]
        if len(good) == 0 or len(bad) == 0:
            continue
        if temperature is None:
            hardest = bad.mean()
        else:
            count = torch.log(torch.tensor(float(len(bad))))
            hardest = temperature * (torch.logsumexp(bad / temperature, 0) - count)
        terms.append(good.mean() - hardest)
    return torch.stack(terms).mean() if terms else scores.sum() * 0.0


def kl_penalty(
    logps: Tensor, old: Tensor, mask: Tensor, bound: float = 1e-4, weight: float = 1e3
) -> Tensor:
    """Return ``weight / 2 * max(KL(old || policy) - bound, 0)²``, which is subtracted.

    KL is estimated as the mean over tokens of ``rho - 1 - log rho``. Nothing is paid inside the
    trust region, and at its border the slope begins at 0.
    """
    apart = logps - old
    kl = ((apart.exp() - 1 - apart) * mask).sum() / mask.sum().clamp(min=1)
    return weight / 2 * (kl - bound).clamp(min=0) ** 2
