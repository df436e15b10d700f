"""Coming from TextGrad: a Variable is a node, a loss is feedback, the optimizer has the same name.

Run it: python cookbook/15_from_textgrad.py

    TextGrad                                         tracegraph
    tg.Variable("...", requires_grad=True)           node("...", trainable=True)
    tg.BlackboxLLM(engine)(x)                        a bundled function that asks `llm.complete`
    tg.TextLoss("criticise ...")                     feedback in words, of a person, code or judge
    loss.backward()                                  optimizer.backward(output, feedback)
    tg.TGD(parameters=[x]).step()                    TextGrad([x], llm=LLM()).step()

One question a node and run, what is wrong with what it was given; then each parameter is
rewritten. The model here is scripted; put LLM() in its place.
"""

from scripted import filled, scripted

from tracegraph import bundle, node
from tracegraph.optimizers import TextGrad

BETTER = "Say in one sentence what to do: {question}"


def model(request):
    """Be the model: criticise where a text is asked for, rewrite where a schema is."""
    criticism = "The prompt does not say how long the answer may be."
    if request.schema is None:
        return criticism
    return filled(request.schema, criticism, prompt=BETTER)


@bundle()
def ask(prompt, question):
    """Fill the prompt in."""
    return prompt.format(question=question)


def main():
    prompt = node("Answer: {question}", trainable=True, name="prompt")
    optimizer = TextGrad([prompt], llm=scripted(model), objective="Answers are one sentence long.")
    output = ask(prompt, "How do I reset my password?")
    optimizer.zero_feedback()
    optimizer.backward(output, "It went on for a page.", score=0.0)
    optimizer.step()
    print(f"before: Answer: {{question}}\nafter:  {prompt.data}")


if __name__ == "__main__":
    main()
