"""Checks of presentations (.pptx)."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.archives import check_archive
from tracegraph.envs.desktop.tasks.evaluators.verdict import Spoiled, Verdict, reading, short
from tracegraph.errors import MissingExtraError

_SOLID, _BACKGROUND = 1, 5  # MSO_FILL
_PICTURE, _FREEFORM, _LEFT = 13, 5, 1  # MSO_SHAPE_TYPE, PP_ALIGN
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SLIDES = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
# What is looked at unless an option ``examine_…`` says otherwise.
_NOT_ASKED = ("image_size", "modify_height")


def compare_pptx_files(result: bytes, expected: bytes, **options: Any) -> Verdict:
    """Check a presentation against another one, slide by slide and shape by shape.

    ``examine_…`` turns parts off and on: number_of_slides, shape (place and size, which may
    differ by ``approximately_tolerance``), text, indent, font_name, font_size, font_bold,
    font_italic, font_underline, color_rgb, strike_through, alignment, bullets, run_count,
    background_color, note; off unless they are asked for: image_size, modify_height.
    """
    wanted, found = _read(expected, ours=True), _read(result)
    comparison = _Comparison(options)
    try:
        comparison.presentations(found, wanted)
    except Exception as error:  # parts are read when they are looked at
        raise Spoiled(f"the presentation cannot be read: {error!r}") from error
    return Verdict.of(comparison.problems)


def check_slide_orientation_Portrait(result: bytes) -> Verdict:
    """Check that slides are higher than wide."""
    found = _read(result)
    size = found.slide_width or 0, found.slide_height or 0
    return Verdict.of([] if size[0] < size[1] else ["the slides are not upright"])


def check_transition(result: bytes, rules: dict[str, Any]) -> Verdict:
    """Check that slide ``slide_idx`` comes in with a transition of a type, as ``dissolve``."""
    from lxml import etree

    name = f"ppt/slides/slide{rules['slide_idx'] + 1}.xml"
    try:
        check_archive(result)
        with zipfile.ZipFile(io.BytesIO(result)) as packed:
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            root = etree.fromstring(packed.read(name), parser)
    except Exception as error:  # as below
        raise Spoiled(f"the slide cannot be read: {error}") from error
    transition = root.find(f".//{_SLIDES}transition")
    kind = str(rules["transition_type"])
    fine = transition is not None and transition.find(f".//{_SLIDES}{kind}") is not None
    return Verdict.of([] if fine else [f"slide {rules['slide_idx'] + 1} has no {kind}"])


def evaluate_presentation_fill_to_rgb_distance(result: bytes, rules: dict[str, Any]) -> Verdict:
    """Give how near the backgrounds of the slides are to the colour ``rgb``, on average.

    A slide without a colour of its own or of its master, or that still has ``original_rgb``,
    counts as far away.
    """
    most = math.dist((0, 0, 0), (255, 255, 255))
    before = tuple(rules["original_rgb"]) if rules.get("original_rgb") else None
    far = []
    for slide in _read(result).slides:
        colour = _background(slide)
        away = colour is None or tuple(colour) == before
        far.append(1.0 if away else math.dist(tuple(colour or ()), rules["rgb"]) / most)
    if not far:
        return Verdict(0.0, "there are no slides")
    value = 1 - sum(far) / len(far)
    return Verdict(value, "" if value >= 1 else f"the backgrounds are {value:.2f} like the colour")


class _Comparison:
    """Gathers in what two presentations differ."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._near = float(options.get("approximately_tolerance", 0.005))
        self.problems: list[str] = []

    def presentations(self, found: Any, wanted: Any) -> None:
        counts = len(found.slides), len(wanted.slides)
        if counts[0] != counts[1] and self._looks("number_of_slides"):
            self.problems.append(f"there are {counts[0]} slides, not {counts[1]}")
        for number, (slide, should) in enumerate(zip(found.slides, wanted.slides, strict=False), 1):
            self._slides(f"slide {number}", slide, should)

    def _looks(self, part: str) -> bool:
        return bool(self._options.get(f"examine_{part}", part not in _NOT_ASKED))

    def _same(self, where: str, part: str, found: Any, wanted: Any) -> None:
        if self._looks(part) and found != wanted:
            name = part.replace("_", " ")
            self.problems.append(f"{where}: {name} is {short(found)}, not {short(wanted)}")

    def _slides(self, where: str, found: Any, wanted: Any) -> None:
        self._same(where, "background_color", _background(found), _background(wanted))
        self._same(where, "note", _note(found), _note(wanted))
        if len(found.shapes) != len(wanted.shapes):
            counts = len(found.shapes), len(wanted.shapes)
            self.problems.append(f"{where} has {counts[0]} shapes, not {counts[1]}")
            return
        # First of all, because looking at a paragraph gives it settings of its own.
        if any(_has_runs(shape) for shape in found.shapes):
            self._same(where, "bullets", _bullets(found), _bullets(wanted))
        for number, (shape, should) in enumerate(zip(found.shapes, wanted.shapes, strict=True), 1):
            self._shapes(f"{where}, shape {number}", shape, should)
        self._groups(f"{where}, in a group", found, wanted)

    def _groups(self, where: str, found: Any, wanted: Any) -> None:
        one, other = (list(_grouped(slide.shapes)) for slide in (found, wanted))
        if len(one) != len(other):
            self.problems.append(f"{where}: there are {len(one)} texts, not {len(other)}")
        elif self._looks("alignment"):
            for shape, should in zip(one, other, strict=True):
                self._paragraphs(where, shape.text_frame, should.text_frame)

    def _shapes(self, where: str, found: Any, wanted: Any) -> None:
        if self._looks("shape"):
            self._places(where, found, wanted)
        both = found.has_text_frame and wanted.has_text_frame
        if self._looks("image_size"):
            picture = found.shape_type == _PICTURE and wanted.shape_type == _PICTURE
            self._places(where, found, wanted, ("width", "height") if picture else _PLACE)
        if self._looks("modify_height"):
            free = found.shape_type == _FREEFORM and wanted.shape_type == _FREEFORM
            bare = not found.has_text_frame and not wanted.has_text_frame
            self._places(where, found, wanted, ("height",) if free or bare else _PLACE)
        if found.has_table and wanted.has_table:
            self._tables(where, found.table, wanted.table)
        if both:
            self._texts(where, found.text_frame, wanted.text_frame)

    def _places(self, where: str, found: Any, wanted: Any, parts: tuple[str, ...] = ()) -> None:
        for part in parts or _PLACE:
            one, other = getattr(found, part), getattr(wanted, part)
            if one != other and not (one and other and self._close(one, other)):
                self.problems.append(f"{where}: {part} is {one}, not {other}")

    def _close(self, one: float, other: float) -> bool:
        return abs(one - other) <= self._near * max(abs(one), abs(other))

    def _tables(self, where: str, found: Any, wanted: Any) -> None:
        """Compare the letters of tables, whatever is asked; their texts are among the bullets."""
        cells = [[list(row.cells) for row in table.rows] for table in (found, wanted)]
        if [len(row) for row in cells[0]] != [len(row) for row in cells[1]]:
            self.problems.append(f"{where}: the table has another size")
            return
        looks = [
            [
                [[_letters(run.font) for run in one.runs] for one in cell.text_frame.paragraphs]
                for row in table
                for cell in row
            ]
            for table in cells
        ]
        if looks[0] != looks[1]:
            self.problems.append(f"{where}: the letters of the table differ")

    def _paragraphs(self, where: str, found: Any, wanted: Any) -> list[tuple[Any, Any]]:
        """Compare texts and how they are aligned; return the paragraphs, in pairs."""
        self._same(where, "text", found.text.strip(), wanted.text.strip())
        if len(found.paragraphs) != len(wanted.paragraphs):
            self.problems.append(f"{where}: it has another number of paragraphs")
            return []
        pairs = list(zip(found.paragraphs, wanted.paragraphs, strict=True))
        for one, other in pairs:
            self._same(where, "alignment", one.alignment or _LEFT, other.alignment or _LEFT)
        return pairs

    def _texts(self, where: str, found: Any, wanted: Any) -> None:
        for one, other in self._paragraphs(where, found, wanted):
            self._same(where, "text", one.text, other.text)
            self._same(where, "indent", one.level, other.level)
            if len(one.runs) != len(other.runs) and self._looks("run_count"):
                self.problems.append(f"{where}: {short(one.text)} has another number of runs")
            for run, right in zip(one.runs, other.runs, strict=False):
                self._fonts(f"{where}, {short(run.text)}", run.font, right.font)

    def _fonts(self, where: str, found: Any, wanted: Any) -> None:
        self._same(where, "font_name", found.name, wanted.name)
        self._same(where, "font_size", found.size, wanted.size)
        self._same(where, "font_bold", bool(found.bold), bool(wanted.bold))
        self._same(where, "font_italic", bool(found.italic), bool(wanted.italic))
        lines = found.underline, wanted.underline
        # "As the style says" and "none" are the same to who looks on.
        self._same(where, "font_underline", *(None if line is False else line for line in lines))
        colours = _rgb(found.color), _rgb(wanted.color)
        if None not in colours:
            self._same(where, "color_rgb", *colours)
        strikes = (one._element.get("strike", "noStrike") for one in (found, wanted))
        self._same(where, "strike_through", *strikes)


_PLACE = ("left", "top", "width", "height")


def _read(data: bytes, *, ours: bool = False) -> Any:
    try:
        import pptx
    except ImportError as error:
        raise MissingExtraError("desktop", "python-pptx") from error
    with reading("presentation", ours=ours):
        check_archive(data)
        return pptx.Presentation(io.BytesIO(data))


def _background(slide: Any) -> Any:
    """Return the colour behind a slide: its own, else that of its master; None for others."""
    fill = slide.background.fill
    if fill.type == _BACKGROUND:
        fill = slide.slide_layout.slide_master.background.fill
    return _rgb(fill.fore_color) if fill.type == _SOLID else None


def _rgb(colour: Any) -> Any:
    return getattr(colour, "rgb", None)


def _note(slide: Any) -> str:
    # Asking for the notes of a slide without any would make some.
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    return "" if frame is None else str(frame.text).strip()


def _grouped(shapes: Any, *, within: bool = False) -> Iterator[Any]:
    """Yield the shapes with texts that are in groups."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _grouped(shape.shapes, within=True)
        elif within and shape.has_text_frame:
            yield shape


def _has_runs(shape: Any) -> bool:
    return shape.has_text_frame and any(one.runs for one in shape.text_frame.paragraphs)


def _letters(font: Any) -> tuple[Any, ...]:
    line = None if font.underline is False else font.underline
    return bool(font.bold), bool(font.italic), line, _rgb(font.color)


def _bullets(slide: Any) -> list[tuple[str | None, str | None, str]]:
    """Return level, bullet and text of each paragraph of a slide, as OSWorld compares them.

    A paragraph without settings of its own has no level, which is another than the first.
    """
    found: list[tuple[str | None, str | None, str]] = []
    for paragraph in slide._element.iter(f"{_DRAWING}p"):
        text = "".join(one.text or "" for one in paragraph.iter(f"{_DRAWING}t"))
        if text.strip():
            own = paragraph.find(f"{_DRAWING}pPr")
            char = None if own is None else own.find(f"{_DRAWING}buChar")
            level = None if own is None else own.get("lvl", "0")
            found.append((level, None if char is None else char.get("char"), text))
    return found
