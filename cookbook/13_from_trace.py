"""Coming from Trace: the same script, other imports.

Run it: python cookbook/13_from_trace.py

    Trace (trace-opt)                                tracegraph
    from opto.trace import node, bundle              from tracegraph import node, bundle
    from opto.optimizers import OptoPrime            from tracegraph.optimizers import OptoPrime
    optimizer = OptoPrime([x])                       optimizer = OptoPrime([x], llm=LLM())
    optimizer.zero_feedback()                        the same
    optimizer.backward(output, "feedback")           the same
    optimizer.step()                                 the same; `await optimizer.astep()` in a loop

The model here is scripted; put LLM() in its place. docs/from-trace.md lists what differs.
"""

from scripted import scripted

from tracegraph import bundle, node
from tracegraph.optimizers import OptoPrime

ANSWERS = [
    {"reasoning": "36 is too small.", "suggestion": {"x": 7}},
    {"reasoning": "49 is what was asked for, minus nothing.", "suggestion": {"x": 7}},
]


@bundle()
def square(x):
    """Multiply a number with itself."""
    return x * x


def main():
    x = node(6, trainable=True, name="x")
    optimizer = OptoPrime([x], llm=scripted(ANSWERS), objective="The square should be 49.")
    for step in range(3):
        output = square(x)
        print(f"step {step}: x = {x.data}, square = {output.data}")
        if output.data == 49:
            break
        optimizer.zero_feedback()
        optimizer.backward(
            output, f"{output.data} is too {'small' if output.data < 49 else 'large'}"
        )
        optimizer.step()


if __name__ == "__main__":
    main()
