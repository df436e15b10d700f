"""Selectors, encoders, and what lmms-eval calls."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.agents.tspo.encoders import EncoderError, make_encoder
from tracegraph.agents.tspo.lmms import split_messages, without_options
from tracegraph.agents.tspo.selectors import NAMES, Candidates, make_selector, rules
from tracegraph.errors import TracegraphError

scores = st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=60).map(
    lambda values: np.array(values, np.float32)
)


@given(scores, st.integers(1, 80))
def test_every_rule_gives_k_different_frames(values, k):
    wanted = min(k, len(values))
    for found in (
        rules.uniform(len(values), k), rules.topk(values, k), rules.bin_max(values, k),
        rules.aks(values, k), rules.gumbel_topk(values, k, 0.1, seed=1),
    ):  # fmt: skip
        assert len(found) == len(set(found)) == wanted
        assert all(0 <= index < len(values) for index in found)


def test_rules_choose_what_they_say():
    values = np.array([0, 5, 1, 0, 9, 8, 7, 0], np.float32)
    assert rules.topk(values, 3) == [4, 5, 6]
    assert rules.bin_max(values, 4) == [1, 2, 4, 6]
    assert rules.uniform(8, 4) == [1, 3, 5, 7]
    # One peak that stands out: AKS takes its best; no peak: its share of each part.
    peak = np.zeros(64, np.float32)
    peak[20:24] = 1.0
    assert sorted(rules.aks(peak, 4)) == [20, 21, 22, 23]
    flat = np.random.default_rng(0).uniform(0, 1, 64).astype(np.float32)
    found = rules.aks(flat, 4)
    assert [sum(start <= i < start + 16 for i in found) for start in (0, 16, 32, 48)] == [1] * 4


def candidates(count=40, dim=16):
    draw = np.random.default_rng(0)
    frames = draw.normal(size=(count, dim)).astype(np.float32)
    text = draw.normal(size=dim).astype(np.float32)
    frames[7] = text * 3
    return Candidates(tuple(n * 0.5 for n in range(count)), frames, text)


def test_selectors_by_name():
    from tracegraph.agents.tspo.head import TemporalHead

    seen = candidates()
    head = TemporalHead(16, heads=4)
    for name in NAMES:
        chosen = make_selector(name, head).select(seen, 5, seed=3)
        assert chosen.selector == name
        assert list(chosen.indices) == sorted(chosen.indices)
        assert [seen.times[i] for i in chosen.indices] == list(chosen.times)
        assert len(chosen.scores) == (0 if name == "uniform" else 40)
    assert 7 in make_selector("topk").select(seen, 1).indices
    with pytest.raises(TracegraphError, match="--head"):
        make_selector("tspo")
    with pytest.raises(TracegraphError, match="bin_max"):
        make_selector("best")


def test_the_handmade_encoder_sees_colours_and_outlines_wherever_they_are():
    from tracegraph.envs.video.events import Event
    from tracegraph.envs.video.scene import Mover, Scene

    encoder = make_encoder("handmade")

    def look(colour, shape, seed, x):
        event = Event(colour, shape, "left")
        return Scene([Mover(event, x=x)], seed=seed).draw(0.5)[0]

    one, moved, colour, shape = encoder.encode_frames(
        [
            look("red", "cross", 1, 0.3), look("red", "cross", 2, 0.7),
            look("blue", "cross", 1, 0.3), look("red", "square", 1, 0.3),
        ]
    )  # fmt: skip
    assert one @ moved > max(one @ colour, one @ shape)
    words = [encoder.encode_text(t) for t in ("the red cross", "red cross the", "a blue dog")]
    assert words[0] @ words[1] == pytest.approx(1, abs=1e-5)
    assert abs(words[0] @ words[2]) < 0.5
    assert make_encoder(encoder.id).dim == encoder.dim
    with pytest.raises(EncoderError, match="siglip SOURCE"):
        make_encoder("dino")


@pytest.mark.slow
def test_clip_and_siglip_from_a_folder(tmp_path):
    """Small models with random weights, saved in the published form."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import (
        CLIPConfig,
        CLIPImageProcessor,
        CLIPModel,
        PreTrainedTokenizerFast,
        SiglipConfig,
        SiglipImageProcessor,
        SiglipModel,
    )  # fmt: skip

    words = {"[PAD]": 0, "[UNK]": 1, "[EOS]": 2, "red": 3, "circle": 4}
    text = {"vocab_size": 8, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
            "num_attention_heads": 2, "max_position_embeddings": 12, "eos_token_id": 2,
            "bos_token_id": 1, "pad_token_id": 0}  # fmt: skip
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
              "num_attention_heads": 2, "image_size": 32, "patch_size": 16}  # fmt: skip
    plain = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    plain.pre_tokenizer = Whitespace()
    reader = PreTrainedTokenizerFast(
        tokenizer_object=plain, unk_token="[UNK]", pad_token="[PAD]", eos_token="[EOS]",
        model_max_length=12,
    )  # fmt: skip
    clip = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=24))
    siglip = SiglipModel(
        SiglipConfig(text_config=text | {"projection_size": 16}, vision_config=vision)
    )
    size = {"height": 32, "width": 32}
    made = (
        ("clip", clip, CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size), 24),
        ("siglip", siglip, SiglipImageProcessor(size=size), 16),
    )
    pictures = [np.full((40, 60, 3), value, np.uint8) for value in (10, 200, 90)]
    for kind, model, processor, dim in made:
        folder = tmp_path / kind
        for part in (model, processor, reader):
            part.save_pretrained(folder)
        encoder = make_encoder(f"{kind} {folder}")
        assert encoder.dim == dim
        features = encoder.encode_frames(pictures)
        assert features.shape == (3, dim)
        assert not np.allclose(features[0], features[1])
        assert encoder.encode_text("red circle " * 30).shape == (dim,)  # cut off
    with pytest.raises(EncoderError, match="give a folder"):
        make_encoder(f"clip {tmp_path / 'nothing'}")


@pytest.mark.slow
def test_open_clip_from_a_file_of_weights(tmp_path):
    """A small architecture with random weights."""
    import torch

    try:
        import open_clip
    except (ImportError, RuntimeError) as error:  # torchvision may not fit the torch that is here
        pytest.skip(f"open_clip does not load here: {error}")
    picture = {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16}
    words = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    config = {"embed_dim": 16, "vision_cfg": picture, "text_cfg": words}
    (tmp_path / "tiny.json").write_text(json.dumps(config))
    open_clip.add_model_config(tmp_path)
    torch.save(open_clip.create_model("tiny").state_dict(), tmp_path / "weights.pt")
    encoder = make_encoder(f"open_clip tiny {tmp_path / 'weights.pt'}")
    pictures = [np.full((40, 60, 3), value, np.uint8) for value in (10, 200, 90)]
    features = encoder.encode_frames(pictures)
    assert features.shape == (3, encoder.dim) == (3, 16)
    assert not np.allclose(features[0], features[1])
    assert encoder.encode_text("red circle " * 60).shape == (16,)  # cut off
    with pytest.raises(EncoderError, match="cannot load tiny"):
        make_encoder(f"open_clip tiny {tmp_path / 'nothing.pt'}")


def test_what_lmms_eval_sends():
    content = [{"type": "video", "url": "/v.mp4"}, {"type": "text", "text": "What?\nA. x\nB. y"}]
    assert split_messages([{"role": "user", "content": content}]) == ("/v.mp4", "What?\nA. x\nB. y")
    assert without_options("What is it?\nA. x\nB. y") == "What is it?"
    assert without_options("Say A. Then what?") == "Say A. Then what?"
    with pytest.raises(TracegraphError, match="0 videos"):
        split_messages([{"role": "user", "content": "no video"}])


def test_the_entry_point_of_lmms_eval_is_declared():
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    (target,) = project["project"]["entry-points"]["lmms_eval.models"].values()
    assert target == "tracegraph.agents.tspo.lmms:manifest"
