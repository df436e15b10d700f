"""A run as one HTML page, without network, and without scripts but for the recorded graphs."""

from tracegraph.training.report.page import page_of, write_report

__all__ = ["page_of", "write_report"]
