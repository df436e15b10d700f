"""LoRA adapters of running servers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tracegraph.models.errors import ModelError, ServerError
from tracegraph.models.vllm.replica import Replica, replicas, write


def load(model: str, name: str, folder: str) -> int:
    """Load an adapter into all servers of a model; return how many there are.

    From then on `vllm:NAME` is the model with the adapter. An adapter of the same name is
    replaced, as after a training step.

    Raises:
        ModelError: no server of the model runs, or the folder is no adapter.
        ServerError: a server refused.
    """
    path = Path(folder).expanduser().absolute()
    if not (path / "adapter_config.json").exists():
        raise ModelError(f"{path} is no LoRA adapter: it has no adapter_config.json")
    found = _servers(model)
    for replica in found:
        if name in replica.loras:
            _post(replica, "/v1/unload_lora_adapter", {"lora_name": name})
        _post(replica, "/v1/load_lora_adapter", {"lora_name": name, "lora_path": str(path)})
        write(dataclasses.replace(replica, loras={**replica.loras, name: str(path)}))
    return len(found)


def unload(model: str, name: str) -> int:
    """Take an adapter out of all servers of a model; return how many had it."""
    count = 0
    for replica in _servers(model):
        if name in replica.loras:
            _post(replica, "/v1/unload_lora_adapter", {"lora_name": name})
            left = {key: path for key, path in replica.loras.items() if key != name}
            write(dataclasses.replace(replica, loras=left))
            count += 1
    return count


def _servers(model: str) -> list[Replica]:
    found = replicas(model)
    if not found:
        raise ModelError(f"no server of {model} runs; start one with `tracegraph serve {model}`")
    return found


def _post(replica: Replica, path: str, body: dict[str, str]) -> None:
    import httpx

    try:
        response = httpx.post(
            replica.url + path,
            json=body,
            headers={"authorization": f"Bearer {replica.token}"} if replica.token else {},
            timeout=120,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise ServerError(f"{replica.url} cannot be reached: {error}") from error
    if response.status_code != 200:
        raise ServerError(
            f"{replica.url} refused {body['lora_name']} ({response.status_code}: "
            f"{response.text[:300]}); was it started with --lora or --loras?"
        )
