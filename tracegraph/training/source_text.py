"""A source text by characters and by the positions of its syntax tree."""

from __future__ import annotations

import ast
import io
from collections.abc import Callable

from tracegraph.graph.code.source import FunctionDef
from tracegraph.training.code_text import unix


class Text:
    """A source by characters, for positions of the syntax tree, which counts bytes of lines."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._lines = list(io.StringIO(source, newline=""))
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._break = "\r\n" if "\r\n" in source else "\n"

    def at(self, line: int, column: int) -> int:
        """Return the position of a line (from 1) and a column in bytes."""
        head = self._lines[line - 1].encode("utf-8", "surrogatepass")[:column]
        return self._starts[line - 1] + len(head.decode("utf-8", "surrogatepass"))

    def of(self, item: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return from where to where something is written."""
        assert item.end_lineno is not None
        assert item.end_col_offset is not None
        return self.at(item.lineno, item.col_offset), self.at(item.end_lineno, item.end_col_offset)

    def indent(self, item: ast.stmt) -> str:
        """Return what stands before a statement in its line."""
        start = self._starts[item.lineno - 1]
        return self.source[start : self.at(item.lineno, item.col_offset)]

    def column(self, position: int) -> int:
        """Return the column of a position, in characters."""
        before = self.source[:position]
        return len(before) - 1 - max(before.rfind("\n"), before.rfind("\r"))

    def margin(self, position: int) -> int:
        """Return by how many columns the line of a position is indented."""
        line = self.source[position - self.column(position) :].split("\n", 1)[0]
        return len(line) - len(line.lstrip(" "))

    def code(self, function: FunctionDef) -> str:
        """Return the text of a function, without its decorators and indentation."""
        start, end = self.of(function)
        return unix(self.indent(function) + self.source[start:end]) + "\n"

    def rest(self, end: int) -> int:
        """Return the end of a comment that follows in the same line."""
        stop = min((p for p in map(self._next(end), "\r\n") if p >= 0), default=len(self.source))
        return stop if self.source[end:stop].lstrip().startswith("#") else end

    def broken(self, text: str) -> str:
        """Return a text with the line breaks of the source."""
        return text.replace("\n", self._break)

    def _next(self, position: int) -> Callable[[str], int]:
        return lambda letter: self.source.find(letter, position)
