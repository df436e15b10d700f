"""The run store: everything that a project did, in one SQLite file.

>>> from tracegraph import runs
>>> store = runs.Store(".tracegraph/runs.db")
>>> with runs.run_scope(store, "training", "my workflow") as run:
...     _ = runs.add_event(store, "started", run=run.id).result()
"""

from tracegraph.runs.calls import Call, CallTotals, add_call, call_totals, list_calls
from tracegraph.runs.episodes import (
    StoredEpisode,
    add_episode,
    find_episodes,
    list_episodes,
    version_of,
)
from tracegraph.runs.errors import RunTakenError, StoreClosedError, StoreError
from tracegraph.runs.events import Event, add_event, follow_events, list_events, sample_events
from tracegraph.runs.ids import new_id
from tracegraph.runs.process import process_alive, process_start
from tracegraph.runs.runs import Run, find_run, finish_run, get_run, list_runs, start_run, take_run
from tracegraph.runs.scope import current, note, resume_scope, run_scope, within
from tracegraph.runs.search import (
    Candidate,
    Decision,
    Evaluation,
    StoredProposal,
    add_candidate,
    add_decision,
    add_evaluation,
    add_proposal,
    list_candidates,
    list_decisions,
    list_evaluations,
    list_proposals,
    update_candidate,
)
from tracegraph.runs.state import add_blob, blob_hash, get_blob, load_state, save_state
from tracegraph.runs.store import Store, default_path
from tracegraph.runs.writer import Pending

__all__ = [
    "Store", "Pending", "default_path", "new_id",
    "run_scope", "resume_scope", "within", "current",
    "Run", "start_run", "take_run", "finish_run", "get_run", "find_run", "list_runs",
    "Call", "CallTotals", "add_call", "list_calls", "call_totals",
    "Candidate", "add_candidate", "update_candidate", "list_candidates",
    "Evaluation", "add_evaluation", "list_evaluations",
    "StoredProposal", "add_proposal", "list_proposals",
    "Decision", "add_decision", "list_decisions",
    "StoredEpisode", "add_episode", "find_episodes", "list_episodes", "version_of",
    "Event", "add_event", "note", "list_events", "sample_events", "follow_events",
    "save_state", "load_state", "add_blob", "get_blob", "blob_hash",
    "process_alive", "process_start",
    "StoreError", "StoreClosedError", "RunTakenError",
]  # fmt: skip
