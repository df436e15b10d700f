"""Route each message of a customer to a team, and say whether it can wait.

Two questions to a model, and code that decides. What may change: both prompts, the examples that
go with the first one, and from which urgency on a person must act at once.

    tracegraph optimize cookbook/demo/triage.py --data cookbook/demo/messages.jsonl --expected route
"""

import asyncio
import math

import tracegraph as tg
from tracegraph.models import LLM

TEAMS = {
    "delivery": "orders and parcels that have not arrived yet",
    "returns": "goods that arrived and should go back, be replaced, repaired or refunded",
    "billing": "charges, payments, invoices and subscriptions",
    "account": "login, password, profile, privacy, and who has access to an account",
    "technical": "an app or device that does not work, and that the customer wants to work",
    "advice": "questions about how to use the products, which to buy, prices and offers",
}
URGENCY = {
    "now": "Urgent: danger, fraud, a loss that grows by the hour, or a deadline within hours.",
    "later": "Not urgent: whatever gets no worse within the hour, in whatever tone.",
}

# Which form the answers have is no parameter: the code below depends on it.
TEAM_FORM = "Answer with the name of the team only."
URGENCY_FORM = "Answer yes or no."

team_prompt = tg.node(
    "You sort the messages that customers send to Fernlight, a web shop for grow lamps, plant"
    " sensors and pumps with an app. Say which team should answer: delivery, returns, billing,"
    " account, technical or advice.",
    trainable=True,
    name="team_prompt",
    description="The instruction to the model that names the team.",
)
team_examples = tg.Parameter(
    [],
    kind="list",
    max_length=8,
    name="team_examples",
    description="Messages with the right team, shown to the model that names the team.",
)
urgency_prompt = tg.node(
    "You read the messages that customers send to Fernlight, a web shop for grow lamps, plant"
    " sensors and pumps with an app. Is the message urgent, so that a person must act within the"
    " hour?",
    trainable=True,
    name="urgency_prompt",
    description="The instruction to the model that says whether a message is urgent.",
)
threshold = tg.Parameter(
    0.5, name="threshold", low=0, high=1, description="From this urgency on it is now, not later."
)

llm = LLM(temperature=0, max_tokens=4)


@tg.bundle
async def pick_team(team_prompt, team_examples, message):
    """Ask the model which team should answer."""
    shown = ["Examples:", *map(str, team_examples)] if team_examples else []
    system = "\n\n".join([team_prompt, *shown, TEAM_FORM])
    answer = await llm.complete(_chat(system, message), parent="pick_team")
    return answer.text.strip()


@tg.bundle
async def rate_urgency(urgency_prompt, message):
    """Ask the model whether a message is urgent; return the probability of yes, from 0 to 1."""
    system = f"{urgency_prompt}\n\n{URGENCY_FORM}"
    answer = await llm.complete(_chat(system, message), logprobs=True, parent="rate_urgency")
    sure = math.exp(answer.logprobs[0])
    return round(sure if answer.text.strip().lower().startswith("yes") else 1 - sure, 4)


@tg.bundle
def decide(team, urgency, threshold):
    """Put the team's name and the urgency together: "billing/later"."""
    words = team.lower().replace(".", " ").split()
    named = next((word for word in words if word in TEAMS), "unknown")
    return f"{named}/{'now' if urgency >= threshold else 'later'}"


async def triage(message):
    """Route a message of a customer to the right team, now or later."""
    team, urgency = await asyncio.gather(
        pick_team(team_prompt, team_examples, message), rate_urgency(urgency_prompt, message)
    )
    return decide(team, urgency, threshold)


def guide(output, expected):
    """Half a point for the team, half for the urgency; what is wrong, by the handbook."""
    team, _, urgency = expected.partition("/")
    got_team, _, got_urgency = output.partition("/")
    said = []
    if got_team != team:
        said.append(f"Wrong team: {got_team}. Right team: {team}. {team}: {TEAMS[team]}.")
    if got_urgency != urgency:
        said.append(f"Wrong: {got_urgency}. Right: {urgency}. {URGENCY[urgency]}")
    scores = {"team": float(got_team == team), "urgency": float(got_urgency == urgency)}
    return {**scores, "feedback": " ".join(said) or "Right team, right urgency."}


def _chat(system, message):
    return [{"role": "system", "content": system}, {"role": "user", "content": message}]
