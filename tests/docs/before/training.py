"""Examples, enough to be divided."""

import json
from pathlib import Path

messages = ("My lamp is broken.", "Where is my parcel?", "I was charged twice.")
rows = [
    {"message": f"{messages[n % 3]} Order {n}.", "expected": ("Blue.", "delivery")[n % 2]}
    for n in range(40)
]
Path("messages.jsonl").write_text("\n".join(map(json.dumps, rows)))
