"""Record the calls of an OpenAI client, or of litellm, by one line where the client is made.

Run it: python cookbook/33_clients.py

The client talks to a small server that this script starts. With your own key and no `base_url`
it is OpenAI's; `litellm = trace_client(litellm)` does the same for litellm.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai

import tracegraph as tg
from tracegraph.integrations.clients import trace_client


class FakeOpenAI(BaseHTTPRequestHandler):
    """Names the largest city of a country."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        asked = body["messages"][-1]["content"]
        text = "Zürich" if "largest" in asked else "Bern"
        choice = {"index": 0, "message": {"role": "assistant", "content": text}}
        made = {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"]}
        data = json.dumps(made | {"choices": [choice | {"finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


prompt = tg.Parameter("Name the best-known city of {country}.", name="prompt")


@tg.bundle
def sentence(city):
    """Write a sentence."""
    return f"The largest city is {city}."


def answer(client, country):
    done = client.chat.completions.create(
        model="gpt-4.1-mini",
        messages=[{"role": "user", "content": prompt.data.format(country=country)}],
    )
    return sentence(done.choices[0].message.content)


def main():
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeOpenAI) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/v1"
            client = trace_client(openai.OpenAI(base_url=url, api_key="none"))
            with tg.record() as run:
                text = answer(client, "Switzerland")
            print(text)
            run.feedback(text, "Bern is not the largest city.")
            print("could have caused it:", ", ".join(p.name for p in run.parameters))
            with tg.record(values={prompt: "Name the largest city of {country}."}):
                print(answer(client, "Switzerland"))
        finally:
            server.shutdown()


if __name__ == "__main__":
    main()
