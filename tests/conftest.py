"""Settings for all tests."""

from hypothesis import HealthCheck, settings

# The machine may be busy: how long an example takes says nothing about whether it is right.
settings.register_profile(
    "tracegraph", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("tracegraph")
