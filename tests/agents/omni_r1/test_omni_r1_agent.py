"""Episodes end to end: a scripted global system, a colour segmenter, true masks."""

import string
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import tracegraph as tg
from tracegraph.agents import Episode
from tracegraph.agents.omni_r1.agent import OmniR1
from tracegraph.agents.omni_r1.colour import ColourDetails
from tracegraph.agents.omni_r1.constants import preset
from tracegraph.agents.omni_r1.segmenters import BoxFill
from tracegraph.agents.omni_r1.systems import GroundedDetails, ScriptedGlobal, VlmBoxes, VlmGlobal
from tracegraph.cli.main import app
from tracegraph.envs.video.answering import Answer
from tracegraph.envs.video.events import Event
from tracegraph.envs.video.rle import decode_rle
from tracegraph.envs.video.scene import Mover, Scene
from tracegraph.envs.video.segments import FileSource, SegmentTask
from tracegraph.envs.video.writer import write_video
from tracegraph.models import LLM

REQUEST = "the round thing that comes in late"
ANSWER = (
    "<think>A circle enters after two seconds.</think><answer>"
    '{"start_time": "00:04.00", "end_time": "00:04.00", "description": "the red circle"} '
    '{"start_time": "00:05.50", "end_time": "00:05.50", "description": "the red circle"}</answer>'
)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """Eight seconds: a red circle from two seconds on, a red cross, a blue circle."""
    path = tmp_path_factory.mktemp("scene") / "scene.mp4"
    movers = [
        Mover(Event("red", "cross", "left"), x=0.25, y=0.3),
        Mover(Event("blue", "circle", "up"), x=0.8, y=0.5, travel=0.2),
        Mover(Event("red", "circle", "right"), x=0.5, y=0.7, start=0.25),
    ]
    scene = Scene(movers, width=192, height=108, seed=5)
    drawn = [scene.draw(n / 16) for n in range(16)]
    write_video(path, ((n / 2, rgb) for n, (rgb, _) in enumerate(drawn)), rate=2)
    empty = np.zeros((108, 192), bool)
    truth = [[masks.get("red circle", empty) for _, masks in drawn]]
    return SegmentTask("late", FileSource(str(path)), REQUEST, lambda: truth)


def agent(answer=ANSWER, **options):
    return OmniR1(ScriptedGlobal({REQUEST: answer}), ColourDetails(), **options)


async def test_an_episode_end_to_end(task):
    events = []
    episode = await agent(reader="strict", constants=preset("paper")).run(
        task, on_event=lambda kind, told: events.append(kind)
    )
    assert events == ["start", "moments", "details"]
    think, find = episode.turns
    assert think.action == {"queries": {"8": "the red circle", "11": "the red circle"}}
    assert {number: len(boxes) for number, boxes in find.observation["boxes"].items()} == {
        "8": 1, "11": 1,
    }  # fmt: skip
    assert episode.outcome == "success"
    assert episode.rewards["J"] > 0.9
    assert episode.rewards["F"] > 0.9
    assert episode.reward == pytest.approx((episode.rewards["J"] + episode.rewards["F"]) / 2)
    # By hand: two distinct frames, whole in view, so 2 of 4 wanted; boxes and masks as found.
    parts = episode.rewards
    hand = 1.0 + 0.8 + parts["saliency"] + parts["alignment"] + parts["segmentation"] + 1.0
    assert parts["total"] == pytest.approx(hand)
    assert parts["alignment"] > 0.9
    masks = [decode_rle(rle) for rle in episode.extra["masks"]]
    assert len(masks) == 16
    assert not masks[0].any()
    again = Episode.from_stored(episode.to_stored("run", "key"))
    assert again.turns == episode.turns


async def test_each_preset_has_the_reward_of_its_parts(task):
    for name in ("paper", "script_public", "script_internal", "ablation_best"):
        constants = preset(name)
        parts = (await agent(constants=constants).run(task)).rewards
        hand = sum(getattr(constants, term) * parts[term] for term in constants.ranges())
        assert parts["total"] == pytest.approx(hand)
        low, high = constants.bounds()
        assert low <= parts["total"] <= high


async def test_the_wrong_thing_scores_low_and_says_so(task):
    episode = await agent(ANSWER.replace("red circle", "blue circle")).run(task)
    assert episode.reward < 0.3
    assert episode.outcome == "failure"
    early = ANSWER.replace("00:04.00", "00:00.50").replace("00:05.50", "00:01.00")
    episode = await agent(early).run(task)
    assert "not visible at 0.5 s, 1.0 s" in episode.feedback


async def test_an_answer_without_moments_is_an_error_of_form(task):
    episode = await agent("I cannot see it.").run(task)
    assert episode.outcome == "format_error"
    assert episode.reward == 0.0
    loose = ANSWER.replace("start_time", "start")
    assert (await agent(loose, reader="strict").run(task)).outcome == "format_error"
    repaired = await agent(loose, reader="lenient").run(task)
    assert repaired.outcome != "format_error"
    assert repaired.notes["repaired_item"] == 2


async def test_the_prompts_are_parameters_of_the_recording(task):
    made = agent()
    with tg.record() as run:
        await made.run(task, seed=3)
    assert "omni_r1_moments" in {node.name for node, _ in run.read}
    names = [node.name.rstrip("0123456789") for node in run.nodes]
    assert [name for name in names if name != "getattr"] == ["think", "read", "place", "find"]
    with pytest.raises(tg.TracegraphError):
        made.moments.validate("Where is {question}?")


async def test_example_times_differ_and_stay_within_the_video(task):
    seen = []

    class FakeGlobal:
        name = "fake"

        async def think(self, prompt, frames, audio):
            seen.append((prompt, frames[0].rgb.shape))
            return Answer(ANSWER)

    made = OmniR1(FakeGlobal(), ColourDetails(), small=96)
    for seed in (1, 2):
        await made.run(task, seed=seed)
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] == (54, 96, 3)
    places = {name for _, name, _, _ in string.Formatter().parse(seen[0][0]) if name}
    assert "question" not in places


async def test_a_vision_model_can_be_both_systems(task):
    """A transport that answers in the forms of a real one, boxes cut at the borders."""

    class FakeTransport:
        free = True

        def __init__(self):
            self.asked = []

        def constrains_to(self, schema):
            return True

        def capacity(self, wanted):
            return 4

        def worst_price(self, prompt_tokens, completion_tokens):
            return 0.0

        async def prompt_tokens(self, request):
            return None

        async def complete(self, request, timeout):
            from tracegraph.models.transport import Reply

            self.asked.append(request)
            boxes = '{"boxes": [{"bbox_2d": [90, 60, 110, 999], "label": "circle"}]}'
            text = boxes if request.schema else ANSWER
            return Reply({
                "choices": [{"index": 0, "message": {"content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10},
            })  # fmt: skip

        async def aclose(self):
            pass

    transport = FakeTransport()
    llm = LLM("fake", transport=transport, store=False)
    detail = GroundedDetails(
        VlmBoxes(llm, "Find {query} in {width} x {height}."), BoxFill(), "fake"
    )
    episode = await OmniR1(VlmGlobal(llm), detail).run(task)
    assert episode.tokens == 330
    assert episode.turns[1].observation["boxes"]["8"] == [[90.0, 60.0, 110.0, 108.0]]
    grounded = transport.asked[1].messages[0]["content"]
    assert grounded[-1]["text"] == "Find the red circle in 192 x 108."
    assert decode_rle(episode.extra["masks"][8]).sum() == 20 * 48


def test_box_fill_holds_boxes_until_the_next_keyframe(task):
    frames = task.source.frames()
    masks = BoxFill().follow(frames, {4: [(0, 0, 10, 10)], 8: []})
    assert [bool(mask.any()) for mask in masks] == [True] * 8 + [False] * 8


@pytest.mark.slow
def test_sam2_of_transformers_follows_boxes(task, tmp_path):
    """A small SAM 2 with random weights: the way through its session, not its quality."""
    import torch
    from transformers import Sam2HieraDetConfig, Sam2VideoConfig, Sam2VideoModel, Sam2VisionConfig

    from tracegraph.agents.omni_r1.segmenters import Sam2Segmenter

    backbone = Sam2HieraDetConfig(
        hidden_size=8, num_attention_heads=1, embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 1, 2, 2], blocks_per_stage=[1, 1, 1, 1],
        image_size=[128, 128], window_size_per_stage=[8, 4, 8, 4], global_attention_blocks=[99],
        window_positional_embedding_background_size=[4, 4],
    )  # fmt: skip
    vision = Sam2VisionConfig(
        backbone_config=backbone, backbone_channel_list=[64, 32, 16, 8],
        backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]], fpn_hidden_size=128,
    )  # fmt: skip
    decoder = {"hidden_size": 128, "num_hidden_layers": 1, "num_attention_heads": 2,
               "mlp_dim": 32, "iou_head_hidden_dim": 32}  # fmt: skip
    config = Sam2VideoConfig(
        vision_config=vision, prompt_encoder_config={"hidden_size": 128, "image_size": 128},
        mask_decoder_config=decoder, image_size=128, memory_attention_hidden_size=128,
        memory_attention_num_layers=1, memory_attention_feed_forward_hidden_size=32,
        memory_attention_num_attention_heads=1, memory_encoder_hidden_size=128,
        memory_encoder_output_channels=64, mask_downsampler_embed_dim=128,
        memory_fuser_embed_dim=128, memory_fuser_intermediate_dim=64,
        memory_attention_rope_feat_sizes=[8, 8], mask_downsampler_total_stride=16,
    )  # fmt: skip
    torch.manual_seed(0)
    Sam2VideoModel(config).save_pretrained(tmp_path / "sam2")
    frames = task.source.frames()[:6]
    segmenter = Sam2Segmenter(str(tmp_path / "sam2"))
    boxes = {1: [(5, 5, 60, 60), (80, 10, 120, 90)], 4: [(50, 20, 80, 50)], 5: []}
    masks = segmenter.follow(frames, boxes)
    assert [mask.shape for mask in masks] == [(108, 192)] * 6
    assert any(mask.any() for mask in masks)
    assert not any(mask.any() for mask in segmenter.follow(frames, {2: []}))
    with pytest.raises(tg.TracegraphError, match="give a folder"):
        Sam2Segmenter(str(tmp_path / "nothing"))


def test_nothing_is_pickled():
    root = Path(__file__).parents[3]
    files = [*root.glob("agents/omni_r1/*.py"), *root.glob("agents/tspo/**/*.py"),
             *root.glob("envs/video/**/*.py")]  # fmt: skip
    assert len(files) > 40
    assert not [path for path in files if "import pickle" in path.read_text()]


def test_the_command_draws_masks(task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answer.txt").write_text(ANSWER)
    done = CliRunner().invoke(
        app,
        ["run", "omni-r1", task.source.path, REQUEST, "--script", "answer.txt", "--detail",
         "colour", "--page", "found.html", "--store", str(tmp_path / "runs.db")],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "4.0 s  the red circle: 1 found" in done.output
    assert (tmp_path / "found.html").read_text().count("<figure") == 16
