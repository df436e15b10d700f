"""Evaluators of files: settings, slides, PDFs, pictures; right, wrong and hostile ones."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.envs.desktop.tasks.scoring import check, scored
from tracegraph.envs.desktop.fake import picture
from tracegraph.envs.desktop.tasks import evaluators
from tracegraph.envs.desktop.tasks.assets import data_url
from tracegraph.envs.desktop.tasks.evaluators.verdict import likeness
from tracegraph.envs.protocol import EvalError


def deck(*texts: str, bold: bool = False, left: int = 0, note: str = "", upright: bool = False,
         colour: str = "") -> bytes:  # fmt: skip
    """Return a presentation with a slide a text."""
    import pptx
    from pptx.dml.color import RGBColor

    made = pptx.Presentation()
    if upright:
        made.slide_width, made.slide_height = made.slide_height, made.slide_width
    for text in texts:
        slide = made.slides.add_slide(made.slide_layouts[5])
        slide.shapes.title.text = text
        box = slide.shapes.add_textbox(914400 + left, 914400, 914400, 914400)
        run = box.text_frame.paragraphs[0].add_run()
        run.text, run.font.bold = "box", bold or None
        if note:
            slide.notes_slide.notes_text_frame.text = note
        if colour:
            slide.background.fill.solid()
            slide.background.fill.fore_color.rgb = RGBColor.from_string(colour)
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


def dissolving() -> bytes:
    """Return a presentation whose first slide dissolves in."""
    import pptx
    from lxml import etree

    made = pptx.Presentation(io.BytesIO(deck("one")))
    space = "http://schemas.openxmlformats.org/presentationml/2006/main"
    element = etree.SubElement(made.slides[0]._element, f"{{{space}}}transition")
    etree.SubElement(element, f"{{{space}}}dissolve")
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


def pdf(*texts: str) -> bytes:
    """Return a PDF with a page a text."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    made = PdfWriter()
    for text in texts:
        page = made.add_blank_page(200, 200)
        font = DictionaryObject({NameObject("/Type"): NameObject("/Font"),
                                 NameObject("/Subtype"): NameObject("/Type1"),
                                 NameObject("/BaseFont"): NameObject("/Helvetica")})  # fmt: skip
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = stream
    data = io.BytesIO()
    made.write(data)
    return data.getvalue()


def noise(seed: int = 1, *, factor: float = 1.0, mirror: bool = False, grey: float = 0.0,
          size: tuple[int, int] = (48, 32)) -> bytes:  # fmt: skip
    """Return a picture of soft patches, by a factor darker or lighter, greyer or mirrored."""
    from PIL import Image, ImageEnhance

    rng = random.Random(seed)
    small = Image.new("RGB", (6, 4))
    small.putdata([(rng.randrange(40, 215), 90, rng.randrange(40, 215)) for _ in range(24)])
    image = small.resize(size, Image.Resampling.BICUBIC)
    if mirror:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if grey:
        image = ImageEnhance.Color(image).enhance(1 - grey)
    image = image.point([min(255, int(level * factor)) for level in range(256)] * 3)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def contrast(factor: float) -> bytes:
    """Return a picture with more or less contrast."""
    from PIL import Image, ImageEnhance

    data = io.BytesIO()
    ImageEnhance.Contrast(Image.open(io.BytesIO(noise()))).enhance(factor).save(data, "PNG")
    return data.getvalue()


def lettered(font: str) -> bytes:
    """Return a document in one font."""
    import docx

    made = docx.Document()
    made.add_paragraph().add_run("text").font.name = font
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


def tabled(text: str) -> bytes:
    """Return a document with a table."""
    import docx

    made = docx.Document()
    made.add_table(1, 1).cell(0, 0).text = text
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


AUTOSAVE = (
    '<x xmlns:oor="http://openoffice.org/2001/registry">'
    '<item oor:path="/org.openoffice.Office.Common/Save/Document">'
    '<prop oor:name="AutoSaveTimeIntervall"><value>{}</value></prop></item></x>'
)
DARK = ";".join(["20"] * 12)
# An evaluator, what scores 1, what scores 0.
FILES: list[tuple[dict[str, Any], bytes, bytes]] = [
    (check("is_in_list", {"expected": "b"}), b"abc", b"acd"),
    (check("compare_config", {"expected": "a=1"}, containment_ok=True), b"a=1", b"a=1\n"),
    (check("compare_answer", {"expected": "7"}), b"7", b"8"),
    (check("fuzzy_match", {"expected": "abc"}), b"abc", b"xyz"),
    (check("check_text_enlarged"), b"1.25\n", b"1.0\n"),
    (check("check_gnome_favorite_apps", {"expected": ["b", "a"]}), b"['a', 'b']\n", b"['a']"),
    (check("is_extension_installed", {"type": "contain", "expected": "x.y"}), b"a\nx.y\n", b"a\n"),
    (check("is_extension_installed", {"type": "not_contain", "expected": "x"}), b"a", b"x"),
    (check("check_line_number", {"expected": "2"}), b"Time\n10:11:12 1\n23:59:60 2\n", b"1:2:3\n"),
    (
        check("is_utc_0"),
        b"a\nb\nc\n     Time zone: Etc/UTC (UTC, +0000)\nd", b"a\nb\nc\nTime zone: X (CET, +0100)",
    ),
    (check("check_json_keybindings", {"expected": {"key": "k"}}), b'// c\n[{"key": "k"}]', b"[]"),
    (
        check("is_vlc_recordings_folder", {"recording_file_path": "/r"}),
        b"#x=1\ninput-record-path=/r\n", b"#input-record-path=/r\n",
    ),
    (check("check_qt_bgcone", {"expected_qt_bgcone": 0}), b"qt-bgcone=0", b"#qt-bgcone=1"),
    (check("check_qt_max_volume", {"expected_qt_max_volume": 200}), b"qt-max-volume=200", b""),
    (
        check("check_one_instance_when_started_from_file",
              {"expected_one_instance_when_started_from_file": 0}),
        b"one-instance-when-started-from-file=0", b"",
    ),
    (check("check_play_and_exit", {"expected_play_and_exit": 1}), b"play-and-exit=1", b""),
    (
        check("check_global_key_play_pause", {"expected_global_key_play_pause": 1}),
        b"global-key-play-pause=Ctrl+p", b"key-play-pause=Space",
    ),
    (check("check_qt_slider_colours", {"type": "blackish"}), f"qt-slider-colours={DARK}".encode(),
     b"qt-slider-colours=1;2;x"),
    (
        check("check_qt_slider_colours", {"type": "match", "expected_qt_slider_colours": "1;2;3"}),
        b"qt-slider-colours=1;2;3", b"",
    ),
    (check("check_auto_saving_time", {"minutes": 3}), AUTOSAVE.format(3).encode(),
     AUTOSAVE.format(30).encode()),
    (check("compare_font_names", {"font_name": "Lato"}), lettered("Lato"), lettered("Arial")),
    (check("compare_docx_tables", tabled("x")), tabled("x"), tabled("y")),
    (check("compare_pptx_files", deck("a", "b")), deck("a", "b"), deck("a", "c")),
    (check("compare_pptx_files", deck("a")), deck("a"), deck("a", bold=True)),
    (check("compare_pptx_files", deck("a")), deck("a", left=1000), deck("a", left=90_000)),
    (check("compare_pptx_files", deck("a", note="x")), deck("a", note="x"), deck("a")),
    (check("compare_pptx_files", deck("a"), examine_shape=False), deck("a", left=9**6), deck("b")),
    (check("compare_pptx_files", deck("a", colour="FF0000")), deck("a", colour="FF0000"),
     deck("a", colour="FF0001")),
    (check("check_slide_orientation_Portrait"), deck("a", upright=True), deck("a")),
    (check("check_transition", {"slide_idx": 0, "transition_type": "dissolve"}), dissolving(),
     deck("one")),
    (check("evaluate_presentation_fill_to_rgb_distance", {"rgb": [255, 0, 0]}),
     deck("a", colour="FF0000"), deck("a")),
    (check("compare_pdfs", pdf("abc")), pdf("abc"), pdf("xyz")),
    (check("check_pdf_pages", {"relation": "eq", "ref_value": 2}), pdf("a", "b"), pdf("a")),
    (check("compare_images", noise()), noise(), b""),
    (check("compare_image_list", noise()), noise(), noise(2)),
    (check("check_image_file_size", {"max_size": 1500}), b"x" * 1499, b"x" * 1500),
    (check("check_image_size", {"height": 32}), noise(), noise(size=(48, 40))),
    (check("check_structure_sim", noise()), noise(), noise(2)),
    (check("check_file_exists_and_structure_sim", noise()), noise(), noise(size=(50, 32))),
    (check("check_structure_sim_resized", noise()), noise(size=(96, 64)), noise(2)),
    (check("check_structure_sim_with_threshold", noise(), ssim_threshold=0.8),
     noise(size=(96, 64)), noise(2)),
    (check("check_image_mirror", noise()), noise(mirror=True), noise()),
    (check("check_brightness_decrease_and_structure_sim", noise()), noise(factor=0.7), noise()),
    (check("check_brightness_decrease_and_structure_sim", noise(), threshold=1e-5),
     noise(factor=0.99), noise(2, factor=0.9)),
    (check("check_contrast_increase_and_structure_sim", contrast(1)), contrast(1.3), contrast(0.9)),
    (check("check_saturation_increase_and_structure_sim", noise(grey=0.2)), noise(),
     noise(grey=0.4)),
]  # fmt: skip
# Any bytes have a size, and no lines; and a likeness of nothing is not full marks.
ANYTHING_GOES = ("check_image_file_size", "is_extension_installed")


@pytest.mark.parametrize(("evaluator", "right", "wrong"), FILES)
async def test_files_right_wrong_and_hostile(
    evaluator: dict[str, Any], right: bytes, wrong: bytes
) -> None:
    assert (await scored(evaluator, {"/f": right})).value == 1
    score = await scored(evaluator, {"/f": wrong})
    assert score.value < (0.5 if evaluator["func"] in ("fuzzy_match", "compare_pdfs") else 1e-9)
    assert score.feedback
    assert (await scored(evaluator, {})).value == 0
    if evaluator["func"] in ANYTHING_GOES:
        return
    for data in (
        b"",
        b"\xff\x00 broken",
        b"[" * 100_000,
        right[:100] if b"\0" in right else b"\xff",
    ):
        assert (await scored(evaluator, {"/f": data})).value < 1, data[:40]
    # Damaged somewhere: read or not, it is never a fault of the task.
    for place in (60, len(right) // 2, len(right) - 30):
        data = right[: max(0, place)] + b"\xff\xff" + right[max(0, place) + 2 :]
        assert 0 <= (await scored(evaluator, {"/f": data})).value <= 1


@given(st.text(max_size=12), st.text(max_size=12))
def test_likeness_is_twice_the_longest_common_subsequence(one: str, other: str) -> None:
    lengths = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, x in enumerate(one):
        for j, y in enumerate(other):
            lengths[i + 1][j + 1] = (
                lengths[i][j] + 1 if x == y else max(lengths[i][j + 1], lengths[i + 1][j])
            )
    total = len(one) + len(other)
    assert likeness(one, other) == (2 * lengths[-1][-1] / total if total else 1.0)


async def test_pictures_may_be_nearer_than_a_reference() -> None:
    base = (await scored(check("compare_images", noise()), {"/f": noise(2)})).value
    assert 0 <= base < 0.9
    asked = check("compare_images", noise(), reference_base_result=base)
    assert (await scored(asked, {"/f": noise(2)})).value == 0
    assert (await scored(asked, {"/f": noise()})).value == 1
    huge = picture(1, 1).replace(b"\0\0\0\x01\0\0\0\x01", b"\0\0\xff\xff\0\0\xff\xff", 1)
    assert (await scored(asked, {"/f": huge})).value == 0


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A small archive that becomes 300 MB."""
    data = io.BytesIO()
    with (
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("word/document.xml", "w", force_zip64=True) as inside,
    ):
        for _ in range(300):
            inside.write(b" " * (1 << 20))
    return data.getvalue()


@pytest.mark.parametrize(
    "evaluator",
    [
        check("compare_pptx_files", deck("a")), check("compare_docx_tables", tabled("x")),
        check("compare_docx_files", tabled("x")), check("check_transition", {"slide_idx": 0}),
        check("compare_table", rules=[{"type": "zoom", "sheet_idx": 0}]),
    ],
)  # fmt: skip
async def test_archives_that_would_fill_the_memory(evaluator: dict[str, Any], bomb: bytes) -> None:
    score = await scored(evaluator, {"/f": bomb})
    assert score.value == 0
    assert "bytes" in score.feedback


async def test_several_pdfs_are_an_average() -> None:
    asked = {
        "func": "compare_pdfs",
        "result": {"type": "vm_file", "path": ["/a", "/b"], "dest": ["a", "b"], "multi": True,
                   "gives": [0, 1]},
        "expected": {"type": "cloud_file", "path": [data_url(pdf("a")), data_url(pdf("b"))],
                     "dest": ["c", "d"], "multi": True, "gives": [0, 1]},
    }  # fmt: skip
    assert (await scored(asked, {"/a": pdf("a"), "/b": pdf("b")})).value == 1
    assert (await scored(asked, {"/a": pdf("a"), "/b": b"broken"})).value == 0.5
    assert (await scored(asked, {"/a": pdf("a")})).value == 0
    asked["result"]["gives"] = asked["expected"]["gives"] = [1]
    assert (await scored(asked, {"/b": pdf("b")})).value == 1


@pytest.mark.parametrize(
    "evaluator",
    [
        check("is_extension_installed", {"type": "none", "expected": ""}),
        check("check_qt_slider_colours", {"type": "none"}),
        check("check_pdf_pages", {"relation": "near", "ref_value": 1}),
        check("compare_pptx_files", b"no presentation"), check("compare_pdfs", b"no PDF"),
        check("compare_images", b"no picture"), check("check_qt_bgcone", {}),
    ],
)  # fmt: skip
async def test_faults_of_tasks_are_no_scores(evaluator: dict[str, Any]) -> None:
    held = {"/f": deck("a")}
    if evaluator["func"] in ("is_extension_installed", "check_qt_slider_colours",
                             "check_qt_bgcone"):  # fmt: skip
        held["/f"] = b"text"
    if "pdf" in evaluator["func"]:
        held["/f"] = pdf("a")
    with pytest.raises(EvalError):
        await scored(evaluator, held)


def test_every_evaluator_has_a_case() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_eval*.py"))
    names = [name for home in evaluators._HOMES.values() for name in home]
    assert [name for name in names if f'"{name}"' not in text] == []
