"""What cells display: bounded, DataFrames and figures with a summary as text."""

from __future__ import annotations

from typing import Any

MOST_OUTPUTS = 24
_TEXT, _HTML, _PNG = 24_000, 100_000, 2_000_000
_KEPT = ("text/plain", "image/png", "text/html", "text/markdown", "text/latex", "application/json")


class Gate:
    """Counts what one cell displays, and says what was not shown."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start over for a new cell."""
        self._shown = 0
        self.messages: list[str] = []

    def admit(self) -> bool:
        """Whether one more output may be shown."""
        self._shown += 1
        if self._shown <= MOST_OUTPUTS:
            return True
        if self._shown == MOST_OUTPUTS + 1:
            self.messages.append("")
        self.messages[-1] = f"{self._shown - MOST_OUTPUTS:,} further displays were left out"
        return False

    def bounded(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return a MIME bundle whose parts are small enough."""
        kept = {}
        for mime in _KEPT:
            value = data.get(mime)
            if value is None:
                continue
            size = len(value) if isinstance(value, (str, bytes)) else len(repr(value))
            if mime == "image/png" and size > _PNG:
                note = f"a picture of {size:,} bytes was left out; use a smaller figsize or dpi"
                self.messages.append(note)
            elif mime == "text/plain" and size > _TEXT:
                kept[mime] = _cut(value)
            elif mime in ("text/plain", "image/png") or size <= _HTML:
                kept[mime] = value
        if "text/plain" not in kept and "image/png" not in kept:
            kept["text/plain"] = _cut(str(next(iter(kept.values()), f"<{', '.join(data)[:200]}>")))
        return kept


def install(shell: Any, gate: Gate) -> None:
    """Bound what a shell publishes and teach it to summarise."""
    publisher, hook = shell.display_pub, shell.displayhook
    publish, write_format = publisher.publish, hook.write_format_data

    def bounded_publish(data: dict[str, Any], metadata: Any = None, **more: Any) -> None:
        if gate.admit():
            publish(gate.bounded(data), None, **more)

    def bounded_format(data: dict[str, Any], _metadata: Any = None) -> None:
        write_format(gate.bounded(data), None)

    publisher.publish = bounded_publish
    hook.write_format_data = bounded_format
    summarise(shell)
    # Before the figures of a cell are shown.
    shell.events.register("post_execute", lambda: summarise(shell))


def summarise(shell: Any) -> None:
    """Say how tables and figures become text; matplotlib's own set-up takes this back."""
    plain = shell.display_formatter.formatters["text/plain"]
    plain.for_type_by_name("pandas", "DataFrame", _frame)  # since pandas 3
    plain.for_type_by_name("pandas.core.frame", "DataFrame", _frame)
    plain.for_type_by_name("matplotlib.figure", "Figure", _figure)


def _frame(frame: Any, printer: Any, _cycle: bool) -> None:
    rows, columns = frame.shape
    text = repr(frame)
    shape = f"[{rows} rows x {columns} columns]"
    if text.endswith(shape):
        text = text[: -len(shape)].rstrip()
    kinds = [f"{name}: {kind}" for name, kind in list(frame.dtypes.items())[:40]]
    if columns > 40:
        kinds.append(f"and {columns - 40} more")
    missing = int(frame.isna().to_numpy().sum()) if rows * columns < 5_000_000 else None
    printer.text(f"{text}\nDataFrame, {rows} rows x {columns} columns")
    printer.text("" if missing is None else f", {missing} missing values")
    printer.text(f"; types: {', '.join(kinds)}")


def _figure(figure: Any, printer: Any, _cycle: bool) -> None:
    width, height = figure.get_size_inches() * figure.dpi
    parts = [f"Figure, {width:.0f} x {height:.0f} pixels"]
    title = figure.get_suptitle() if hasattr(figure, "get_suptitle") else ""
    if title:
        parts.append(f"title {title!r}")
    parts += [_axes(axes) for axes in figure.axes[:12]]
    printer.text(_cut("; ".join(parts), 2000))


def _axes(axes: Any) -> str:
    told = [f"axes {axes.get_title()!r}" if axes.get_title() else "axes"]
    for name in ("x", "y"):
        label = getattr(axes, f"get_{name}label")()
        low, high = getattr(axes, f"get_{name}lim")()
        told.append(f"{name} {label!r} from {low:.4g} to {high:.4g}")
    if axes.get_xticklabels():
        ticks = [tick.get_text() for tick in axes.get_xticklabels()[:12]]
        if any(
            text and not text.replace("\u2212", "").replace(".", "").isdigit() for text in ticks
        ):
            told.append(f"at {', '.join(ticks)}")
    if axes.lines:
        told.append(f"{len(axes.lines)} lines: " + ", ".join(_line(x) for x in axes.lines[:8]))
    bars = [patch for patch in axes.patches if hasattr(patch, "get_height")]
    if bars:
        heights = ", ".join(f"{bar.get_height():.4g}" for bar in bars[:20])
        told.append(f"{len(bars)} bars of height {heights}{' …' if len(bars) > 20 else ''}")
    if axes.collections:
        points = sum(len(c.get_offsets()) for c in axes.collections if hasattr(c, "get_offsets"))
        told.append(f"{len(axes.collections)} collections, {points} points")
    if axes.images:
        told.append(f"{len(axes.images)} images")
    return ", ".join(told)


def _line(line: Any) -> str:
    label = str(line.get_label())
    name = "" if label.startswith("_") else f"{label!r} "
    data = line.get_ydata()
    try:
        return f"{name}{len(data)} points, {float(data[0]):.4g} … {float(data[-1]):.4g}"
    except (TypeError, ValueError, IndexError):
        return f"{name}{len(data)} points"


def _cut(text: str, most: int = _TEXT) -> str:
    if len(text) <= most:
        return text
    head, tail = most * 2 // 3, most // 3
    return f"{text[:head]}\n… {len(text) - head - tail:,} characters left out …\n{text[-tail:]}"
