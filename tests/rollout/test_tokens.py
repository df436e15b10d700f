"""Episodes as tokens and in other forms: what was sampled comes back, id for id."""

import json
import random
from dataclasses import asdict

import pytest

from tracegraph.agents import Episode, Turn
from tracegraph.envs import Score
from tracegraph.errors import TracegraphError
from tracegraph.rollout import Segments, policy_id, read_segments, sequences
from tracegraph.rollout.formats import export, read_parquet


class FakeServer:
    """Samples ids that no tokenizer would make of their text, and renders the history in ids."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.history = [1, 2, 3]
        self.sampled = []

    def turn(self, number):
        prompt = list(self.history)
        # "ab" as the two letters 97 98, although a tokenizer has one token, 300, for it.
        ids = [self.random.choice([97, 98, 300]) for _ in range(self.random.randint(1, 6))]
        logprobs = [-self.random.random() for _ in ids]
        self.sampled.append((prompt, ids, logprobs))
        self.history += [*ids, 10, 20 + number]  # the end of the answer, what the environment said
        text = "".join({97: "a", 98: "b", 300: "ab"}[i] for i in ids)
        return Turn(
            [{"role": "user", "content": f"turn {number}"}], text,
            prompt_token_ids=prompt, token_ids=ids, logprobs=logprobs,
        )  # fmt: skip


def retokenised(text):
    ids = []
    while text:
        ids.append(300 if text.startswith("ab") else ord(text[0]))
        text = text[2:] if text.startswith("ab") else text[1:]
    return ids


def an_episode(seed=0, turns=8):
    server = FakeServer(seed)
    episode = Episode("agent", "env", f"task {seed}", turns=[server.turn(i) for i in range(turns)])
    episode.policy = {"model": "m", "prompt": "1"}
    episode.judge(Score(0.5, {"exact": 0.5}))
    return server, episode


def test_over_many_turns_the_ids_are_those_that_were_sampled_and_not_tokenised_again():
    server, episode = an_episode(turns=12)
    (found,) = sequences(episode)
    whole = found.prompt + found.ids
    for prompt, ids, logprobs in server.sampled:
        at = len(prompt)
        assert whole[:at] == prompt
        assert whole[at : at + len(ids)] == ids
        inside = slice(at - len(found.prompt), at - len(found.prompt) + len(ids))
        assert found.mask[inside] == [1] * len(ids)
        assert found.logprobs[inside] == logprobs
    assert sum(found.mask) == sum(len(ids) for _, ids, _ in server.sampled)
    assert [found.ids[i] for i, m in enumerate(found.mask) if not m] == [
        token for n in range(11) for token in (10, 20 + n)
    ]
    # The texts alone would have given other ids: the test could have failed.
    assert any(retokenised(t.answer) != t.token_ids for t in episode.turns)


def test_a_history_that_was_written_anew_begins_another_sequence():
    _, episode = an_episode(turns=4)
    episode.turns[2].prompt_token_ids = [9, 9, 9]
    episode.turns[3].prompt_token_ids = [9, 9, 9, *episode.turns[2].token_ids, 5]
    first, second = sequences(episode)
    assert (first.turns, second.turns) == (2, 2)
    assert second.prompt == [9, 9, 9]
    assert second.mask.count(0) == 1


def test_turns_without_ids_cannot_be_trained_on():
    _, episode = an_episode()
    episode.turns[1].logprobs = None
    with pytest.raises(TracegraphError, match=r"turn 1 of task 0 .*logprobs=True"):
        sequences(episode)


def rows(count=5):
    return [an_episode(seed)[1].to_stored("run", f"k{seed}") for seed in range(count)]


@pytest.mark.parametrize("form", ["openai", "trl", "verl", "jsonl"])
def test_forms_of_lines(tmp_path, form):
    path = tmp_path / "out" / f"{form}.jsonl"
    assert export(rows(), path, form) == 5
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 5
    server, episode = an_episode(3)
    line = lines[3]
    if form == "openai":
        roles = [m["role"] for m in line["messages"]]
        assert roles == ["user", "assistant"] * 8
        assert line["reward"] == 0.5
    elif form == "trl":
        assert line["prompt_ids"] == [1, 2, 3]
        assert line["completion_ids"][: len(server.sampled[0][1])] == server.sampled[0][1]
        assert len(line["env_mask"]) == len(line["logprobs"]) == len(line["completion_ids"])
        assert line["policy"] == policy_id(episode.policy)
    elif form == "verl":
        assert (line["reward_score"], line["num_turns"], line["uid"]) == (0.5, 8, "task 3")
        assert len(line["response_mask"]) == len(line["response_ids"])
    else:
        assert line["payload"]["turns"][0]["token_ids"] == server.sampled[0][1]


def test_parquet_gives_back_what_was_stored(tmp_path):
    pytest.importorskip("pyarrow")
    stored = rows(7)
    stored[2].payload["turns"][1]["logprobs"] = None
    stored[4].payload["turns"] = []
    export(stored, tmp_path / "e.parquet", "parquet")
    assert [asdict(r) for r in read_parquet(tmp_path / "e.parquet")] == [asdict(r) for r in stored]


def test_segments_hold_each_episode_once_and_survive_a_torn_line(tmp_path):
    stored = rows(9)
    segments = Segments(tmp_path, size=8000)
    for row in stored[:6]:
        segments.append(row)
    (*_, last) = sorted(tmp_path.glob("*.jsonl"))
    with last.open("ab") as opened:
        opened.write(b'{"run": "run", "key": "k6", "age')
    again = Segments(tmp_path, size=8000)
    for row in stored[4:]:
        again.append(row)
    assert len(list(tmp_path.glob("*.jsonl"))) > 3
    assert [asdict(r) for r in read_segments(tmp_path)] == [asdict(r) for r in stored]
