"""Settings for all tests."""

import os

import pytest
from hypothesis import HealthCheck, settings

# The machine may be busy: how long an example takes says nothing about whether it is right.
# CI asks the same examples each time, so that its result is about the change; everybody else
# searches on.
settings.register_profile(
    "tracegraph",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("tracegraph")


@pytest.fixture(scope="session", autouse=True)
def servers_end_with_the_tests(tmp_path_factory):
    """Keep model servers that tests start apart from the user's, and end them at the end."""
    folder = tmp_path_factory.mktemp("servers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACEGRAPH_STATE", str(folder))
        patch.setenv("TRACEGRAPH_LOCAL_IDLE", "120")  # should the tests be killed
        yield
        if any(folder.rglob("*.json")):
            from tracegraph.models.local.server import stop
            from tracegraph.models.local.state import all_states
            from tracegraph.models.vllm.start import stop as stop_replicas

            for key in all_states():
                stop(key)
            stop_replicas()
