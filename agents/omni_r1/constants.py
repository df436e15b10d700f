"""Every constant of Omni-R1's rewards (arXiv 2505.20256, section 3.3 and its code)."""

from __future__ import annotations

from dataclasses import dataclass

from tracegraph.errors import TracegraphError


@dataclass(frozen=True, slots=True)
class Constants:
    """What counts how much. The defaults of the amounts are those of the code.

    Amounts, a term each (its range in brackets):
        parsed, formed, valid, covered: of each item: it is JSON; it has the fields; its times
            are in order and in the video; the share of (object, frame) cells in it that show the
            object. The mean over items [0, 1.6].
        long_item: of each frame of an item beyond its first [floor, 0].
        keyframes, each_keyframe: N, and what k distinct frames give: 0.4 k up to N, then
            0.4 (2N - k - 1) [floor, 0.4 N].
        duplicate: of each frame that is named again [floor, 0].
        overlap, distinct: of each frame of R_div that is named again, and of each that is not;
            the mean over named frames [overlap, distinct]. The paper names them without numbers.
        extra_box: of boxes beyond the objects, as a share of them, the mean over frames
            [floor, 0].
        floor: no penalty goes below it. The published code has none; a text that repeats itself
            would then outweigh everything else.

    Weights of the terms in the sum:
        items, length, count, repeats: the code's keyframe side.
        diversity, saliency: R_div and R_sal of the paper.
        alignment, mismatch: R_A, boxes on keyframes.
        segmentation: R_G, masks of the whole video.
        form: both tags are there.
    """

    parsed: float = 0.2
    formed: float = 0.2
    valid: float = 0.2
    covered: float = 1.0
    long_item: float = -0.2
    keyframes: int = 4
    each_keyframe: float = 0.4
    duplicate: float = -0.5
    overlap: float = -0.5
    distinct: float = 1.0
    extra_box: float = -0.5
    floor: float = -1.0

    items: float = 0.0
    length: float = 0.0
    count: float = 0.0
    repeats: float = 0.0
    diversity: float = 0.0
    saliency: float = 0.0
    alignment: float = 0.0
    mismatch: float = 0.0
    segmentation: float = 0.0
    form: float = 0.0

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Return the least and the most of each term, before its weight."""
        return {
            "items": (0.0, self.parsed + self.formed + self.valid + self.covered),
            "length": (self.floor, 0.0),
            "count": (self.floor, self.keyframes * self.each_keyframe),
            "repeats": (self.floor, 0.0),
            "diversity": (self.overlap, self.distinct),
            "saliency": (0.0, 1.0),
            "alignment": (0.0, 1.0),
            "mismatch": (self.floor, 0.0),
            "segmentation": (0.0, 1.0),
            "form": (0.0, 1.0),
        }

    def bounds(self) -> tuple[float, float]:
        """Return the least and the most of the sum."""
        pairs = [(getattr(self, name), *ends) for name, ends in self.ranges().items()]
        return (
            sum(weight * low for weight, low, _ in pairs),
            sum(weight * high for weight, _, high in pairs),
        )


def preset(name: str) -> Constants:
    """Return the constants of a published setting.

    paper: R_K (diversity, count, saliency), R_A, R_G and the form. script_public: the code's
    terms with the weights of the published script, which has no masks. script_internal: with
    those of the authors' own script, masks twice. ablation_best: R_K + R_G, the best row of the
    paper's ablation.

    Raises:
        TracegraphError: there is no such preset.
    """
    keyframes = {"diversity": 1.0, "count": 1.0, "saliency": 1.0, "form": 1.0}
    script = {
        "items": 1.0, "length": 1.0, "count": 1.0, "repeats": 1.0, "alignment": 1.0,
        "mismatch": 1.0, "form": 1.0,
    }  # fmt: skip
    presets = {
        "paper": {**keyframes, "alignment": 1.0, "segmentation": 1.0},
        "script_public": {**script, "saliency": 1.0},
        "script_internal": {**script, "segmentation": 2.0},
        "ablation_best": {**keyframes, "segmentation": 1.0},
    }
    if name not in presets:
        raise TracegraphError(f"there is no preset {name!r}: use one of {', '.join(presets)}")
    return Constants(**presets[name])  # type: ignore[arg-type]
