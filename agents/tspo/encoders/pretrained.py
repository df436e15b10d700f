"""CLIP and SigLIP from transformers, and any model of open_clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from tracegraph.agents.tspo.encoders.base import EncoderError
from tracegraph.errors import MissingExtraError

if TYPE_CHECKING:
    from tracegraph.agents.tspo.encoders.base import Vectors
    from tracegraph.envs.video.frame import RGB

_BATCH = 8  # on a processor larger ones are not faster


class TransformersEncoder:
    """CLIP or SigLIP.

    Args:
        kind: "clip" or "siglip" (also SigLIP 2).
        source: a folder, or a name on the Hugging Face hub.
        dtype: "float32", or "bfloat16": three to four times as fast where the processor has it.
        device: where it runs.

    Raises:
        EncoderError: it cannot be loaded.
    """

    def __init__(
        self,
        kind: Literal["clip", "siglip"],
        source: str,
        *,
        dtype: Literal["float32", "bfloat16"] = "float32",
        device: str = "cpu",
    ) -> None:
        try:
            import torch
            from transformers import AutoModel, AutoTokenizer, CLIPModel
            from transformers.models.auto.image_processing_auto import AutoImageProcessor
        except ImportError as error:
            raise MissingExtraError("video-torch", "transformers") from error
        self.kind = kind
        self.source = source
        self._dtype = getattr(torch, dtype)
        self._device = device
        loader: Any = CLIPModel if kind == "clip" else AutoModel
        try:
            model = loader.from_pretrained(source, dtype=self._dtype)
            self._pictures: Any = AutoImageProcessor.from_pretrained(source, backend="pil")
            self._words: Any = AutoTokenizer.from_pretrained(source)
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"{kind} cannot be loaded from {source}: {error}; give a folder that holds the "
                "model, or a name on the hub that can be reached"
            ) from error
        self._model = model.to(device).eval()
        config = model.config
        self.dim = int(
            config.projection_dim if kind == "clip" else config.text_config.projection_size
        )

    @property
    def id(self) -> str:
        """Kind and source."""
        return f"{self.kind} {self.source}"

    def encode_frames(self, frames: Sequence[RGB]) -> Vectors:
        """Return the projected features of pictures."""
        import numpy as np
        import torch

        found: list[Vectors] = []
        with torch.inference_mode():
            for start in range(0, len(frames), _BATCH):
                batch = list(frames[start : start + _BATCH])
                pixels = self._pictures(images=batch, return_tensors="pt")["pixel_values"]
                features = self._model.get_image_features(
                    pixel_values=pixels.to(self._device, self._dtype)
                )
                found.append(_vectors(features))
        return np.concatenate(found) if found else np.zeros((0, self.dim), np.float32)

    def encode_text(self, text: str) -> Vectors:
        """Return the projected features of a text, cut at what the model takes."""
        import torch

        # SigLIP was trained on texts filled up to their full length.
        padding = "max_length" if self.kind == "siglip" else True
        inputs = self._words([text], padding=padding, truncation=True, return_tensors="pt")
        inputs = {name: value.to(self._device) for name, value in inputs.items()}
        with torch.inference_mode():
            features = self._model.get_text_features(**inputs)
        first: Vectors = _vectors(features)[0]
        return first


class OpenClipEncoder:
    """A model of open_clip.

    Args:
        name: of the architecture, such as "ViT-B-32".
        weights: a file, or a name that open_clip knows.

    Raises:
        EncoderError: it cannot be loaded.
    """

    def __init__(self, name: str, weights: str) -> None:
        try:
            import open_clip
        except ImportError as error:
            raise MissingExtraError("open-clip", "open_clip") from error
        self.id = f"open_clip {name} {weights}"
        try:
            self._model, _, self._prepare = open_clip.create_model_and_transforms(
                name, pretrained=weights
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise EncoderError(
                f"open_clip cannot load {name} with {weights}: {error}; give an architecture that "
                "it lists, and a file or one of its names"
            ) from error
        self._model.eval()
        self._words = open_clip.get_tokenizer(name)
        self.dim = int(self._model.text_projection.shape[-1])

    def encode_frames(self, frames: Sequence[RGB]) -> Vectors:
        """Return the projected features of pictures."""
        import numpy as np
        import torch

        from tracegraph.envs.video.frame import load_pillow

        found: list[Vectors] = []
        with torch.inference_mode():
            for start in range(0, len(frames), _BATCH):
                pictures = map(load_pillow().fromarray, frames[start : start + _BATCH])
                batch = torch.stack([self._prepare(picture) for picture in pictures])
                found.append(_vectors(self._model.encode_image(batch)))
        return np.concatenate(found) if found else np.zeros((0, self.dim), np.float32)

    def encode_text(self, text: str) -> Vectors:
        """Return the projected features of a text."""
        import torch

        with torch.inference_mode():
            first: Vectors = _vectors(self._model.encode_text(self._words([text])))[0]
        return first


def _vectors(features: Any) -> Vectors:
    """Return a tensor as numbers; newer versions of transformers wrap it."""
    tensor = getattr(features, "pooler_output", features)
    found: Vectors = tensor.float().cpu().numpy()
    return found
