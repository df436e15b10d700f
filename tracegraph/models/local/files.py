"""The model files of this user: which there are, where, and how to be rid of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tracegraph.models.errors import DownloadError, ModelError
from tracegraph.models.local import hub
from tracegraph.models.local.catalog import CATALOG, DEFAULT, File, find
from tracegraph.models.local.fetch import Progress, fetch, silent
from tracegraph.models.paths import cache_dir


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that is here or could be; `size` in bytes is what is here, or will be."""

    name: str
    about: str
    path: Path
    here: bool
    size: int


def models_dir() -> Path:
    """Return the folder of the model files."""
    return cache_dir() / "models"


def resolve(name: str) -> Path:
    """Return where the GGUF file of a model is, or will be once pulled.

    Args:
        name: '' for the embedded model, a name of the catalog, `hf:OWNER/REPOSITORY/FILE`, or
            the path of a GGUF file.

    Raises:
        ModelError: the name means nothing, or the path leads nowhere.
    """
    name = name or DEFAULT
    if name.startswith("hf:"):
        if name.count("/") < 2 or ".." in name:
            raise ModelError(f"{name} is not hf:OWNER/REPOSITORY/FILE")
        return models_dir() / "hf" / name[3:]
    if name.endswith(".gguf") or "/" in name:
        path = Path(name).expanduser().absolute()
        if not path.is_file():
            raise ModelError(f"there is no file {path}; give the path of a GGUF file")
        return path
    return models_dir() / find(name).files[0].name


def pull(name: str = "", progress: Progress = silent) -> Path:
    """Return a model's file (for models of several files, their folder), fetched if missing."""
    name = name or DEFAULT
    path = resolve(name)
    if name.startswith("hf:"):
        if path.exists():
            return path
        size, sha256 = hub.about(name[3:])
        if sha256 is None:
            raise DownloadError(f"the hub tells no SHA-256 for {name}; is it a GGUF file?")
        return fetch(File(path.name, size, sha256, name[3:], ()), path.parent, progress)
    if path.is_relative_to(models_dir()) and not name.endswith(".gguf"):
        fetched = [fetch(file, models_dir(), progress) for file in find(name).files]
        return fetched[0] if len(fetched) == 1 else fetched[0].parent
    return path


def present(name: str = "") -> bool:
    """Whether nothing has to be fetched to use a model."""
    try:
        path = resolve(name)
    except ModelError:
        return False
    if (name or DEFAULT).startswith("hf:") or not path.is_relative_to(models_dir()):
        return path.exists()
    return all(_whole(models_dir() / file.name, file) for file in find(name or DEFAULT).files)


def remove(name: str) -> int:
    """Remove a model's files, also half fetched ones, and return how many bytes were freed.

    A user's own file, given by its path, is never removed.
    """
    path = resolve(name)
    if not path.is_relative_to(models_dir()):
        raise ModelError(f"{path} is a file of your own: remove it yourself")
    if name.startswith("hf:"):
        wanted = [path]
    else:
        wanted = [models_dir() / file.name for file in find(name).files]
    freed = 0
    for file in wanted:
        for found in (file, *file.parent.glob(f"{file.name}.*")):
            if found.is_file():
                freed += found.stat().st_size
                found.unlink()
    directory = hf_dir(name)
    if directory.is_dir():
        freed += sum(f.stat().st_size for f in directory.rglob("*") if f.is_file())
        shutil.rmtree(directory)
    return freed


def hf_dir(name: str) -> Path:
    """Return the folder of a model in transformers' form, for vLLM and for training."""
    return models_dir() / "transformers" / (name or DEFAULT).replace("/", "--").replace(":", "-")


def listed() -> list[Listed]:
    """Return the models of the catalog, and those that were fetched from the hub."""
    found = []
    for model in CATALOG:
        paths = [models_dir() / file.name for file in model.files]
        here = all(map(_whole, paths, model.files))
        size = sum(file.size for file in model.files)
        found.append(Listed(model.name, model.about, paths[0], here, size))
    for path in sorted((models_dir() / "hf").rglob("*.gguf")):
        name = f"hf:{path.relative_to(models_dir() / 'hf')}"
        found.append(Listed(name, "from the hub", path, True, path.stat().st_size))
    return found


def _whole(path: Path, file: File) -> bool:
    return path.exists() and path.stat().st_size == file.size
