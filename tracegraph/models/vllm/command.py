"""The command that starts one vLLM server."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from tracegraph.models.local.sizing import cores


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What a server is started with.

    Attributes:
        model: a folder or a name of the hub.
        name: what requests call the model.
        loras: adapters by name, each a folder.
        lora: whether adapters may be loaded later.
        max_length: tokens of prompt and answer together; None lets vLLM choose.
        cpu: whether the CPU build runs.
        kv_gigabytes: memory for the key-value cache, on CPU.
        extra: further arguments for vLLM.
    """

    model: str
    name: str
    loras: dict[str, str] = field(default_factory=dict)
    lora: bool = False
    max_length: int | None = None
    cpu: bool = True
    kv_gigabytes: int = 1
    extra: tuple[str, ...] = ()


def arguments(options: ServeOptions, host: str, port: int) -> list[str]:
    """Return the arguments after the Python interpreter."""
    made = [
        "-m",
        "vllm.entrypoints.openai.api_server",
        *("--model", options.model),
        *("--served-model-name", options.name),
        *("--host", host),
        *("--port", str(port)),
    ]
    length = options.max_length or (4096 if options.cpu else None)
    if length is not None:
        made += ["--max-model-len", str(length)]
    if options.cpu:
        # Compiling takes half a minute more and gains little on a CPU. A prompt that is read in
        # pieces while its request has a seed ends a server of the CPU build (vLLM 0.32 turns the
        # generator back, which only those of GPUs can do): prompts are read whole.
        made += ["--enforce-eager", "--no-enable-chunked-prefill"]
    if options.lora or options.loras:
        made += ["--enable-lora", "--max-lora-rank", "64"]
    if options.loras:
        made += ["--lora-modules", *(f"{name}={path}" for name, path in options.loras.items())]
    return [*made, *options.extra]


def environment(options: ServeOptions, replica: int, replicas: int) -> dict[str, str]:
    """Return the environment variables of one of several servers on a machine.

    On a CPU each gets its share of the cores, on GPUs one device. The token is given in
    $VLLM_API_KEY by the starter, so that no process list shows it.
    """
    made = {"VLLM_NO_USAGE_STATS": "1", "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"}
    if options.cpu:
        made["VLLM_CPU_KVCACHE_SPACE"] = str(options.kv_gigabytes)
        made["VLLM_CPU_OMP_THREADS_BIND"] = _cores(replica, replicas)
    elif replicas > 1:
        made["CUDA_VISIBLE_DEVICES"] = str(replica)
    return made


def printed(options: ServeOptions, port: int) -> str:
    """Return the command as a shell line for another machine."""
    variables = {
        key: value
        for key, value in environment(options, 0, 1).items()
        if options.cpu or "CPU" not in key
    }
    words = [f"{key}={value}" for key, value in variables.items()]
    words += ["VLLM_API_KEY=CHOOSE_A_TOKEN", "python"]
    words += [shlex.quote(word) for word in arguments(options, "0.0.0.0", port)]
    return " ".join(words)


def _cores(replica: int, replicas: int) -> str:
    count = cores()
    share = max(1, count // replicas)
    first = replica * share % count
    last = min(first + share, count) - 1
    return str(first) if first == last else f"{first}-{last}"
