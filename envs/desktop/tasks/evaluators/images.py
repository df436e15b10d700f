"""Checks of pictures: the same, mirrored, darker, of a size.

"Like" is the structural similarity of Wang et al. (2004), equation 13, over windows of 7 x 7 with
sample covariances, as OSWorld computes it.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from tracegraph.envs.desktop.tasks.evaluators.verdict import Spoiled, Verdict
from tracegraph.envs.protocol import EvalError
from tracegraph.errors import MissingExtraError

if TYPE_CHECKING:
    from PIL.Image import Image

_WINDOW = 7
_SAME = 0.9
_EDGE = 0.01
_MOST_PIXELS = 40_000_000


def compare_images(result: bytes, expected: bytes, **options: Any) -> Verdict:
    """Give how alike two pictures are in grey, at the size of the smaller one.

    With ``reference_base_result`` the value begins there: how much nearer they are than that.
    """
    from PIL.Image import Resampling

    one, other = (image.convert("L") for image in _pair(result, expected))
    size = min(one.size, other.size)
    value = _likeness(*(image.resize(size, Resampling.LANCZOS) for image in (one, other)))
    if (base := options.get("reference_base_result")) is not None:
        value = (value - base) / (1 - base) if value >= base + _EDGE else 0.0
    value = min(1.0, max(0.0, value))
    return Verdict(value, "" if value >= 1 else f"the pictures are {value:.2f} alike")


def compare_image_list(result: Any, expected: Any) -> Verdict:
    """Check that pictures are the same in every pixel, at the size of the expected ones."""
    from PIL import ImageChops
    from PIL.Image import Resampling

    found = result if isinstance(result, list) else [result]
    wanted = expected if isinstance(expected, list) else [expected]
    if len(found) < len(wanted):
        return Verdict(0.0, f"there are {len(found)} pictures, not {len(wanted)}")
    for number, (data, should) in enumerate(zip(found, wanted, strict=False), 1):
        right = _open(should, ours=True)
        image = _open(data)
        if image.size != right.size:
            image = image.resize(right.size, Resampling.LANCZOS)
        if ImageChops.difference(image.convert(right.mode), right).getbbox():
            return Verdict(0.0, f"picture {number} is not the expected one")
    return Verdict(1.0)


def check_image_file_size(result: bytes, rule: dict[str, Any]) -> Verdict:
    """Check that a file has fewer bytes than ``max_size``."""
    fine = len(result) < rule["max_size"]
    return Verdict.of([] if fine else [f"the file has {len(result)} bytes"])


def check_image_size(result: bytes, rule: dict[str, Any]) -> Verdict:
    """Check ``width`` and ``height`` in pixels, with ``ignore_transparent`` of what shows."""
    image = _open(result)
    size = image.size
    see_through = image.mode in ("RGBA", "LA") or "transparency" in image.info
    # A palette with a transparent colour is cut in any case, as OSWorld does.
    if (rule.get("ignore_transparent") and see_through) or "transparency" in image.info:
        box = image.convert("RGBA").getchannel("A").getbbox()
        size = (box[2] - box[0], box[3] - box[1]) if box else (0, 0)
    wanted = rule.get("width"), rule.get("height")
    fine = all(want is None or have == want for have, want in zip(size, wanted, strict=True))
    return Verdict.of([] if fine else [f"the picture is {size[0]} x {size[1]}"])


def check_structure_sim(result: bytes, expected: bytes) -> Verdict:
    """Check that two pictures have the same size and are alike (0.9)."""
    return _alike(*_pair(result, expected), _SAME)


check_file_exists_and_structure_sim = check_structure_sim


def check_structure_sim_with_threshold(
    result: bytes, expected: bytes, ssim_threshold: float = 0.85
) -> Verdict:
    """Check that a picture is alike at the size of the expected one."""
    from PIL.Image import Resampling

    image, right = _pair(result, expected)
    if image.size != right.size:
        image = image.resize(right.size, Resampling.LANCZOS)
    return _alike(image, right, ssim_threshold)


def check_structure_sim_resized(result: bytes, expected: bytes) -> Verdict:
    """Check that what shows of a picture is alike (0.9) at the size of the expected one."""
    image, right = _pair(result, expected)
    if image.mode in ("RGBA", "LA") or "transparency" in image.info:
        image = image.convert("RGBA")
        box = image.getchannel("A").getbbox()
        if box is None:
            return Verdict(0.0, "nothing of the picture shows")
        image = image.crop(box).convert("RGB")
    return _alike(image.resize(right.size), right, _SAME)


def check_image_mirror(result: bytes, expected: bytes) -> Verdict:
    """Check that a picture is the expected one with left and right exchanged (0.99)."""
    from PIL.Image import Transpose

    image, right = _pair(result, expected)
    return _alike(image.transpose(Transpose.FLIP_LEFT_RIGHT), right, 0.99)


def check_brightness_decrease_and_structure_sim(
    result: bytes, expected: bytes, threshold: float = 0.03
) -> Verdict:
    """Check that a picture is darker than another one, and the same at equal brightness.

    ``threshold`` is the most that the mean squared difference may be, of values from 0 to 1.
    """
    from PIL.Image import Resampling

    numpy = _numpy()
    image, before = _pair(result, expected)
    light = [_mean(one.convert("L")) for one in (image, before)]
    if light[0] >= light[1]:
        return Verdict(0.0, "the picture is not darker")
    if light[0] == 0:
        return Verdict(0.0, "the picture is black")
    one, other = (
        picture.point([min(255, int(level * 128 / have)) for level in range(256)]
                      * len(picture.getbands()))
        for picture, have in zip((image, before), light, strict=True)
    )  # fmt: skip
    if one.size != other.size:
        one = one.resize(other.size, Resampling.LANCZOS)
    pair = [numpy.asarray(x.convert("RGB"), dtype=numpy.float64) / 255 for x in (one, other)]
    error = float(((pair[0] - pair[1]) ** 2).mean())
    return Verdict.of([] if error < threshold else ["it is darker, but another picture"])


def check_contrast_increase_and_structure_sim(result: bytes, expected: bytes) -> Verdict:
    """Check that a picture has more contrast than another one, and is alike (0.65)."""
    numpy = _numpy()
    image, before = _pair(result, expected)
    spread = [float(numpy.asarray(one, dtype=numpy.float64).std()) for one in (image, before)]
    if spread[0] <= spread[1]:
        return Verdict(0.0, "the picture has no more contrast")
    return _alike(image, before, 0.65)


def check_saturation_increase_and_structure_sim(result: bytes, expected: bytes) -> Verdict:
    """Check that colours are stronger than in another picture, with hues and light alike (0.9)."""
    image, before = (one.convert("HSV") for one in _pair(result, expected))
    if _mean(image.getchannel("S")) <= _mean(before.getchannel("S")):
        return Verdict(0.0, "the colours are not stronger")
    for part in ("H", "V"):
        verdict = _alike(image.getchannel(part), before.getchannel(part), _SAME)
        if verdict.value < 1:
            return verdict
    return Verdict(1.0)


def _pair(result: bytes, expected: bytes) -> tuple[Image, Image]:
    # A fault of the task is told before one of the result.
    right = _open(expected, ours=True)
    return _open(result), right


def _open(data: bytes, *, ours: bool = False) -> Image:
    try:
        from PIL import Image as images
    except ImportError as error:
        raise MissingExtraError("desktop", "pillow") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes, which are checked here
            image: Image = images.open(io.BytesIO(data))
            if image.width * image.height > _MOST_PIXELS:
                raise ValueError(f"it has more than {_MOST_PIXELS} pixels")
            image.load()
            return image
    except Exception as error:  # broken files make the readers of formats raise nearly anything
        if ours:
            raise EvalError(f"the expected picture cannot be read: {error}") from error
        raise Spoiled(f"it is no picture: {error}") from error


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise MissingExtraError("desktop", "numpy") from error
    return numpy


def _mean(image: Image) -> float:
    from PIL import ImageStat

    return float(ImageStat.Stat(image).mean[0])


def _alike(image: Image, right: Image, least: float) -> Verdict:
    if image.size != right.size:
        return Verdict(0.0, f"the picture is {image.size}, not {right.size}")
    if min(*image.size) < _WINDOW:
        return Verdict(0.0, "the picture is too small to be compared")
    value = _likeness(image.convert("RGB"), right.convert("RGB"))
    return Verdict.of([] if value >= least else [f"the pictures are {value:.2f} alike"])


def _likeness(one: Image, other: Image) -> float:
    """Return the mean structural similarity of two pictures of one size and mode."""
    numpy = _numpy()
    if min(*one.size) < _WINDOW:
        return float(one.tobytes() == other.tobytes())
    x, y = (numpy.asarray(image, dtype=numpy.float64) for image in (one, other))

    def means(values: Any) -> Any:
        sums = numpy.pad(values.cumsum(0).cumsum(1), [(1, 0), (1, 0)] + [(0, 0)] * (x.ndim - 2))
        whole = sums[_WINDOW:, _WINDOW:] - sums[:-_WINDOW, _WINDOW:]
        return (whole - sums[_WINDOW:, :-_WINDOW] + sums[:-_WINDOW, :-_WINDOW]) / _WINDOW**2

    sample = _WINDOW**2 / (_WINDOW**2 - 1)
    mean_x, mean_y = means(x), means(y)
    spread_x = sample * (means(x * x) - mean_x**2)
    spread_y = sample * (means(y * y) - mean_y**2)
    both = sample * (means(x * y) - mean_x * mean_y)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    return float((top / ((mean_x**2 + mean_y**2 + c1) * (spread_x + spread_y + c2))).mean())
