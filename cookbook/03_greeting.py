"""Teach an agent to greet people in their own language, by telling it when it did not.

Run it: python cookbook/03_greeting.py [--steps 3]

Needs: pip install 'tracegraph[local]'
"""

import argparse

import tracegraph as tg
from tracegraph.models import LLM
from tracegraph.optimizers import OptoPrime

GREETINGS = {
    "dutch": "Goedendag!",
    "english": "Good day!",
    "french": "Bonjour !",
    "german": "Guten Tag!",
    "italian": "Buongiorno!",
    "spanish": "¡Buenos días!",
}
LESSONS = {
    "Hola, ¿me puede ayudar con mi pedido?": "spanish",
    "Bonjour, ma commande n'est pas arrivée.": "french",
    "Hello, where is my parcel?": "english",
}
# Never shown to the optimizer: what it learned should hold for them as well.
STRANGERS = {
    "Guten Abend, wo ist mein Paket?": "german",
    "Goedemorgen, ik zoek mijn pakje.": "dutch",
    "Ciao, ho bisogno di aiuto.": "italian",
}


class Receptionist:
    """An agent: a prompt that may change, and two steps that are recorded."""

    def __init__(self, llm):
        self.llm = llm
        self.prompt = tg.node(
            "Which language is this message written in? {message}",
            trainable=True,
            name="prompt",
            description="The instruction to a model that decides the language.",
        )

    def __call__(self, message):
        return self.greet(self.decide_language(self.prompt, message))

    @tg.bundle
    def decide_language(self, prompt, message):
        """Ask a model for the language of a message."""
        return self.llm.complete_sync(prompt.format(message=message), max_tokens=30).text.strip()

    @tg.bundle
    def greet(self, language):
        """Look the greeting up by the language's name; English where the name is not known."""
        return GREETINGS.get(language.lower(), GREETINGS["english"])


def judge(greeting, language):
    """Return whether the greeting is in the user's language, and what the user says."""
    if greeting == GREETINGS[language]:
        return 1.0, "Correct."
    return 0.0, (
        f"The user writes {language.title()} and is greeted by {greeting!r}. The greeting is "
        f"found only when the answer is one word, the language's name: {language.title()}"
    )


def greeted(agent, messages):
    """Greet everybody; return (greeting, score, feedback) for each."""
    greetings = [agent(message) for message in messages]
    languages = messages.values()
    return [(g, *judge(g.data, lang)) for g, lang in zip(greetings, languages, strict=True)]


def share(results):
    return sum(score for _, score, _ in results) / len(results)


def show(results, messages):
    for message, (greeting, score, _) in zip(messages, results, strict=True):
        print(f"  {'+' if score else '-'} {message} -> {greeting.data}")


def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--steps", type=int, default=3, help="how many prompts to try")
    steps = options.parse_args(arguments).steps

    llm = LLM("local")
    agent = Receptionist(llm)
    optimizer = OptoPrime([agent.prompt], llm=llm, objective="Greet users in their language.")
    seed = agent.prompt.data
    results, before = greeted(agent, LESSONS), greeted(agent, STRANGERS)
    print(f"prompt: {seed}")
    show(results, LESSONS)

    for step in range(1, steps + 1):
        if share(results) == 1:
            break
        optimizer.zero_feedback()
        for greeting, score, said in results:
            optimizer.backward(greeting, said, score=score)
        if not optimizer.step():
            print(f"\nstep {step}: no answer of the model could be used")
            continue
        tried = greeted(agent, LESSONS)
        print(f"\nstep {step}: {share(tried):.0%} of the lessons, with the prompt\n")
        print(agent.prompt.data, end="\n\n")
        show(tried, LESSONS)
        if share(tried) > share(results):
            results = tried
        else:
            print("  no better: back to the one before")
            optimizer.undo()

    if agent.prompt.data == seed:
        print("\nno better prompt was found")
        return
    after = greeted(agent, STRANGERS)
    print(f"\nmessages it never saw: {share(before):.0%} before, {share(after):.0%} now")
    show(after, STRANGERS)


if __name__ == "__main__":
    main()
