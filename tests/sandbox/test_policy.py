"""Policies: profiles, TOML, and refusals that say what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tracegraph.sandbox import Limits, Policy, SandboxRefused
from tracegraph.sandbox.policy import PROFILES


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_loads(name: str) -> None:
    policy = Policy.load(name)
    assert policy.network == ()
    assert Policy.load(policy) is policy


def test_toml_starts_from_a_profile_and_changes_it(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        'profile = "notebook"\nnetwork = ["api.example.org:443"]\n[limits]\nmemory = 1000000\n'
    )
    policy = Policy.load(path)
    assert policy.limits.memory == 1_000_000
    assert policy.limits.seconds is None
    assert policy.network == ("api.example.org:443",)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("memory = 3", "memory"),
        ("[limits]\nmemory = -1", "memory"),
        ('network = ["example.org"]', "host:port"),
        ('network = ["example.org:99999"]', "host:port"),
        ('network = ["[::1]:80"]', "host:port"),
        ('read_only = ["relative"]', "absolute"),
        ('read_only = ["/"]', "absolute"),
        ('environment = {"A=B" = "x"}', "environment"),
        ('profile = "nothing"', "nothing"),
        ("no toml", "policy"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(SandboxRefused, match="is no sandbox policy") as error:
        Policy.load(path)
    assert word in str(error.value)


def test_an_unknown_name_lists_the_profiles() -> None:
    with pytest.raises(SandboxRefused, match="code, notebook, solver, desktop"):
        Policy.load("kode")


@given(st.dictionaries(st.sampled_from(list(Limits.model_fields)), st.integers() | st.floats()))
def test_limits_are_positive_and_finite_or_refused(values: dict[str, float]) -> None:
    try:
        limits = Limits(**values)
    except ValidationError:
        return
    for name in Limits.model_fields:
        value = getattr(limits, name)
        assert value is None or 0 < value < float("inf")
