"""What a vLLM server says about its load, from its Prometheus endpoint."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

_NAMES = {
    "vllm:num_requests_running": "running",
    "vllm:num_requests_waiting": "waiting",
    "vllm:kv_cache_usage_perc": "kv_usage",
    "vllm:prefix_cache_queries_total": "prefix_queries",
    "vllm:prefix_cache_hits_total": "prefix_hits",
    "vllm:prompt_tokens_total": "prompt_tokens",
    "vllm:generation_tokens_total": "generation_tokens",
    "vllm:request_success_total": "finished",
}
_LINE = re.compile(r"^([a-zA-Z_:]\w*(?::\w+)*)(?:\{[^}]*\})?\s+(\S+)")


def parse(text: str) -> dict[str, float]:
    """Return the values that matter for routing, summed over a server's engines.

    Requests, tokens and queries are counts; `kv_usage` is a share from 0 to 1.
    """
    values: dict[str, float] = {}
    for line in text.splitlines():
        found = _LINE.match(line)
        name = _NAMES.get(found[1]) if found else None
        if found and name is not None:
            values[name] = values.get(name, 0.0) + float(found[2])
    return values


def scrape(url: str, token: str, timeout: float = 5.0) -> dict[str, float]:
    """Return a server's values, or nothing when it does not answer."""
    request = urllib.request.Request(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return parse(response.read().decode())
    except (OSError, urllib.error.URLError, ValueError):
        return {}
