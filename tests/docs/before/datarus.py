"""A table, and what a model says of it."""

import json
from pathlib import Path

Path("titanic.csv").write_text("class,fare\n1,80\n2,20\n3,8\n")
ANSWERS = [
    json.dumps({"thought": "I look.", "code": [
        "import pandas as pd", "print(pd.read_csv('titanic.csv')['fare'].mean())",
    ]}),
    json.dumps({"thought": "It is printed.", "answer": "36"}),
]  # fmt: skip
