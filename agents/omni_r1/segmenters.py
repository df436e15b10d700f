"""Masks from boxes: SAM 2, and plain boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracegraph.agents.omni_r1.boxes import Box
from tracegraph.envs.video.frame import Frame, load_pillow
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


_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # SAM 2's, of each channel


class Sam2Segmenter:
    """SAM 2 from transformers: boxes on keyframes, followed in both directions.

    Frames are prepared here, as its processor does it: that one needs torchvision.

    Args:
        source: a folder, or a name on the Hugging Face hub.
        device: where it runs.

    Raises:
        TracegraphError: it cannot be loaded.
    """

    def __init__(self, source: str, *, device: str = "cpu") -> None:
        try:
            from transformers import Sam2VideoModel
        except ImportError as error:
            raise MissingExtraError("video-torch", "transformers") from error
        loader: Any = Sam2VideoModel
        try:
            self._model = loader.from_pretrained(source).to(device).eval()
        except (OSError, ValueError) as error:
            raise TracegraphError(
                f"SAM 2 cannot be loaded from {source}: {error}; give a folder that holds the "
                "model, or a name on the hub that can be reached"
            ) from error
        self._device = device
        self._side = int(self._model.config.image_size)
        self.name = f"sam2 {source}"

    def follow(self, frames: Sequence[Frame], boxes: Mapping[int, Sequence[Box]]) -> list[Mask]:
        """Return the union of what was followed from each box."""
        import numpy as np
        import torch

        masks: list[Mask] = [np.zeros(frame.rgb.shape[:2], np.bool_) for frame in frames]
        with torch.inference_mode():
            pixels = self._prepared(frames)
            # Boxes of different keyframes are not known to be one thing: those of each keyframe
            # are followed by themselves, and the union is taken, as the task's masks are.
            for number, found in sorted(boxes.items()):
                if found:
                    self._follow(pixels, frames[0], number, found, masks)
        return masks

    def _follow(
        self, pixels: Any, frame: Frame, number: int, found: Sequence[Box], masks: list[Mask]
    ) -> None:
        import torch
        from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

        height, width = frame.rgb.shape[:2]
        opened: Any = Sam2VideoInferenceSession
        session = opened(pixels, height, width, inference_device=self._device, dtype=pixels.dtype)
        scale = torch.tensor([self._side / width, self._side / height])
        for box_number, box in enumerate(found, start=1):
            # A box is two points, of the kinds 2 (top left) and 3 (bottom right).
            corners = torch.tensor(box, dtype=torch.float32).view(1, 1, 2, 2) * scale
            kinds = torch.tensor([[[2, 3]]], dtype=torch.int32)
            place = session.obj_id_to_idx(box_number)
            session.add_point_inputs(
                place, number, {"point_coords": corners, "point_labels": kinds}
            )
        session.obj_with_new_inputs = list(range(1, len(found) + 1))
        self._add(self._model(inference_session=session, frame_idx=number), masks)
        for backward in (False, True):
            steps = self._model.propagate_in_video_iterator(
                session, start_frame_idx=number, reverse=backward
            )
            for output in steps:
                self._add(output, masks)

    def _add(self, output: Any, masks: list[Mask]) -> None:
        from torch.nn.functional import interpolate

        mask = masks[output.frame_idx]
        logits = interpolate(
            output.pred_masks.float().flatten(0, 1)[:, None], mask.shape, mode="bilinear",
            align_corners=False,
        )  # fmt: skip
        mask |= (logits > 0).any(dim=0)[0].cpu().numpy()

    def _prepared(self, frames: Sequence[Frame]) -> Any:
        import numpy as np
        import torch

        pictures = load_pillow()
        size = (self._side, self._side)
        made = np.stack([np.asarray(pictures.fromarray(f.rgb).resize(size)) for f in frames])
        scaled = (made.astype(np.float32) / 255 - np.array(_MEAN)) / np.array(_DEVIATION)
        return torch.from_numpy(scaled.astype(np.float32)).permute(0, 3, 1, 2).to(self._device)
