"""What a model does at a desktop: it gives up."""

import json

ANSWERS = [json.dumps({"thought": "Too hard.", "action": "fail", "element": 0, "text": ""})]
