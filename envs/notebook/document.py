"""The episode as a notebook: valid at every moment, also on disk."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from tracegraph.envs.notebook.outputs import Ran
from tracegraph.envs.protocol import EnvError


class Document:
    """A notebook that grows by thoughts and cells; ``path`` is written anew after each change."""

    def __init__(self, question: str, path: Path | None) -> None:
        self.node: Any = _form().new_notebook(
            metadata={
                "kernelspec": {
                    "display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"
                },
                "language_info": {"name": "python", "file_extension": ".py"},
            }
        )  # fmt: skip
        self._path = path
        self._cells = 0
        self.text(question, "question")

    def text(self, text: str, kind: str) -> None:
        """Add a Markdown cell; ``kind`` (question, thought, answer) is kept as its tag."""
        if text.strip():
            cell = _form().new_markdown_cell(_encodable(text), id=self._id())
            cell.metadata["tags"] = [kind]
            self._add(cell)

    def code(self, code: str) -> Any:
        """Add a cell that has not run yet, and return it."""
        cell = _form().new_code_cell(_encodable(code), id=self._id())
        self._add(cell)
        return cell

    def ran(self, cell: Any, ran: Ran, note: str) -> None:
        """Give a cell its outputs; ``note`` is what happened to its kernel."""
        outputs = [_form().output_from_msg(_message(output)) for output in ran.outputs]
        if note:
            outputs.append(_form().new_output("stream", name="stderr", text=f"{note}\n"))
        cell["outputs"], cell["execution_count"] = _encodable(outputs), ran.count
        cell.metadata["seconds"] = round(ran.seconds, 3)
        self.write()

    def write(self) -> None:
        """Check the notebook and write it; raises EnvError when the file cannot be written."""
        import nbformat

        nbformat.validate(self.node)
        if self._path is None:
            return
        text = nbformat.writes(self.node)  # type: ignore[no-untyped-call]
        try:
            write_whole(self._path, text)
        except OSError as error:
            raise EnvError(f"the notebook {self._path} cannot be written: {error}") from error

    def _add(self, cell: Any) -> None:
        self.node["cells"].append(cell)
        self.write()

    def _id(self) -> str:
        self._cells += 1
        return f"cell-{self._cells}"


def write_whole(path: Path, text: str) -> None:
    """Write a file so that at every moment its name leads to a whole text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(text)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _form() -> Any:
    from nbformat import v4

    return v4


def _message(output: dict[str, Any]) -> dict[str, Any]:
    content = {name: value for name, value in output.items() if name != "output_type"}
    return {"header": {"msg_type": output["output_type"]}, "content": content}


def _encodable(value: Any) -> Any:
    """Replace what no file in UTF-8 can hold: halves of surrogate pairs."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_encodable(part) for part in value]
    if isinstance(value, dict):
        for key in value:
            value[key] = _encodable(value[key])
    return value
