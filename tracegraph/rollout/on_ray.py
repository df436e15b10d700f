"""Attempts on the machines of a Ray cluster."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from tracegraph.agents import Episode
from tracegraph.envs import EnvError
from tracegraph.errors import MissingExtraError, TracegraphError
from tracegraph.rollout.work import RunEpisode, Work


class OnRay:
    """Runs attempts as Ray tasks: on whichever machine has room, again when one dies.

        with OnRay("auto") as engine:
            await rollout(work, episode, store=store, run=run, engine=engine, concurrency=64)

    Ray runs a task again when its worker or machine dies: at least once. The pool's store counts
    an episode once, by its key; what an attempt did to the world outside may have happened twice.
    The function that runs an episode is sent by value, so it has to be picklable, and tracegraph
    has to be installed on every machine. Budgets and answer caches of this process do not reach
    the others.

    Args:
        address: of the cluster; "auto" finds the running one, None starts one on this machine.
        cpus: that an attempt occupies; less than 1 where episodes mostly wait for a model.
        again: how often Ray itself runs a task again whose worker died.

    Raises:
        MissingExtraError: Ray is not installed.
        TracegraphError: there is no cluster at the address.
    """

    def __init__(self, address: str | None = None, *, cpus: float = 1.0, again: int = 3) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError as error:
            raise MissingExtraError("ray", "ray") from error
        self._ray = ray
        self._own = not ray.is_initialized()
        if self._own:
            try:
                ray.init(address=address, log_to_driver=False, include_dashboard=False)
            except ConnectionError as error:
                raise TracegraphError(
                    f"there is no Ray cluster at {address}: start one with `ray start --head`, or "
                    f"leave the address out ({error})"
                ) from error
        self._remote = ray.remote(_attempt).options(num_cpus=cpus, max_retries=again)
        self._sent: dict[RunEpisode, Any] = {}

    async def run(self, episode: RunEpisode, item: Work) -> Episode:
        """Run an attempt somewhere; a cancelled one is killed there."""
        from ray.exceptions import RayError, RayTaskError

        if episode not in self._sent:
            self._sent[episode] = self._ray.put(episode)
        reference = self._remote.remote(self._sent[episode], item)
        try:
            found: Episode = await reference
            return found
        except asyncio.CancelledError:
            self._ray.cancel(reference, force=True)
            raise
        except RayTaskError as error:
            # What the episode raised over there, as if it had been raised here.
            raise getattr(error, "cause", None) or error from None
        except RayError as error:
            raise EnvError(f"Ray lost the attempt: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        self._sent.clear()
        if self._own:
            self._ray.shutdown()

    def __enter__(self) -> OnRay:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _attempt(episode: RunEpisode, item: Work) -> Episode:
    async def run() -> Episode:
        return await episode(item)

    return asyncio.run(run())
