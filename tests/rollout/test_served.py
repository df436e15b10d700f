"""Ids of a real server, over several turns: stored, joined, exported as they were sampled."""

import json

import pytest

from tracegraph.agents import Episode, Turn
from tracegraph.agents.episode import note_tokenizer
from tracegraph.models import LLM
from tracegraph.rollout import sequences
from tracegraph.rollout.formats import export

pytestmark = [pytest.mark.model, pytest.mark.slow]


async def test_what_the_server_sampled_is_what_is_trained_on(tmp_path):
    llm = LLM("local:smollm2", temperature=1.0, max_tokens=12)
    episode = Episode("chat", "none", "t", "success", reward=1.0)
    history = []
    for number in range(4):
        asked = [{"role": "user", "content": f"Say a word that begins with {'abcd'[number]}."}]
        history += asked
        told = await llm.complete(history, seed=number, logprobs=True)
        episode.turns.append(Turn.of(asked, told))
        history.append({"role": "assistant", "content": told.text})
    await note_tokenizer(episode, llm)
    await llm.aclose()
    assert len({episode.tokenizer, episode.template, ""}) == 3
    found = sequences(episode)
    whole = [[*each.prompt, *each.ids] for each in found]
    sampled = [i for each in found for i, m in zip(each.ids, each.mask, strict=True) if m]
    assert sampled == [i for turn in episode.turns for i in turn.token_ids]
    # Each turn's ids stand in a sequence exactly behind the prompt that the server read.
    for turn in episode.turns:
        begin = [*turn.prompt_token_ids, *turn.token_ids]
        assert any(ids[: len(begin)] == begin for ids in whole)
    export([episode.to_stored("r", "k")], tmp_path / "t.jsonl", "trl")
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert [line["completion_ids"] for line in lines] == [each.ids for each in found]
