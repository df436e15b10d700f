"""Masks from boxes: SAM 2, and plain boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracegraph.agents.omni_r1.boxes import Box
from tracegraph.envs.video.frame import Frame
from tracegraph.errors import MissingExtraError, TracegraphError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]


class BoxFill:
    """No weights: the boxes themselves, each held until the next keyframe."""

    name = "box fill"

    def follow(self, frames: Sequence[Frame], boxes: Mapping[int, Sequence[Box]]) -> list[Mask]:
        """Return filled boxes; frames before the first keyframe take its boxes."""
        import numpy as np

        keyframes = sorted(boxes)
        masks = []
        for number, frame in enumerate(frames):
            mask = np.zeros(frame.rgb.shape[:2], np.bool_)
            before = [key for key in keyframes if key <= number] or keyframes[:1]
            for left, top, right, bottom in boxes[before[-1]] if before else ():
                mask[round(top) : round(bottom), round(left) : round(right)] = True
            masks.append(mask)
        return masks


class Sam2Segmenter:
    """SAM 2 from transformers: boxes on keyframes, followed in both directions.

    Args:
        source: a folder, or a name on the Hugging Face hub.
        device: where it runs.

    Raises:
        TracegraphError: it cannot be loaded.
    """

    def __init__(self, source: str, *, device: str = "cpu") -> None:
        try:
            from transformers import Sam2VideoModel, Sam2VideoProcessor
        except ImportError as error:
            raise MissingExtraError("video-torch", "transformers") from error
        loader: Any = Sam2VideoModel
        reader: Any = Sam2VideoProcessor
        try:
            self._model = loader.from_pretrained(source).to(device).eval()
            self._processor = reader.from_pretrained(source)
        except (OSError, ValueError, ImportError) as error:
            raise TracegraphError(
                f"SAM 2 cannot be loaded from {source}: {error}; give a folder that holds the "
                "model, or a name on the hub that can be reached"
            ) from error
        self._device = device
        self.name = f"sam2 {source}"

    def follow(self, frames: Sequence[Frame], boxes: Mapping[int, Sequence[Box]]) -> list[Mask]:
        """Return the union of what was followed from each box."""
        import numpy as np
        import torch

        height, width = frames[0].rgb.shape[:2]
        masks: list[Mask] = [np.zeros((height, width), np.bool_) for _ in frames]
        asked = {number: list(found) for number, found in boxes.items() if found}
        if not asked:
            return masks
        with torch.inference_mode():
            session = self._processor.init_video_session(
                video=[frame.rgb for frame in frames], inference_device=self._device
            )
            # Boxes of different keyframes are not known to be one thing: each is followed by
            # itself, and the union is taken, as the task's masks are.
            first = 1
            for number, found in sorted(asked.items()):
                self._processor.add_inputs_to_inference_session(
                    inference_session=session,
                    frame_idx=number,
                    obj_ids=list(range(first, first + len(found))),
                    input_boxes=[[list(box) for box in found]],
                )
                self._model(inference_session=session, frame_idx=number)
                first += len(found)
            start = min(asked)
            for backward in (False, True):
                for output in self._model.propagate_in_video_iterator(
                    session, start_frame_idx=max(asked) if backward else start, reverse=backward
                ):
                    found_masks = self._processor.post_process_masks(
                        [output.pred_masks], original_sizes=[[height, width]], binarize=True
                    )[0]
                    masks[output.frame_idx] |= found_masks.any(dim=0).squeeze(0).cpu().numpy()
        return masks
