import json

import pytest

import tracegraph as tg
from tracegraph.graph import ConstraintError, Map, ParameterError, SchemaVersionError, Seq


@tg.model
class Agent:
    """An agent with everything that can be learned."""

    def __init__(self, prompt="be kind"):
        self.prompt = tg.node(prompt, trainable=True, name="prompt")
        self.fixed = tg.node(3)
        self.k = tg.Parameter(5, name="k", low=1, high=10)
        self.parts = {"a": [tg.Parameter(0.5, name="a")]}
        self.inner = Inner()

    @tg.bundle(trainable=True)
    def pick(self, xs):
        """Choose one."""
        return xs[0]

    @tg.bundle
    def act(self, x):
        return f"{self.prompt.data}: {x}"


class Inner(tg.Module):
    weight = tg.Parameter(1.0, name="weight")

    def forward(self, x):
        return x * self.weight


def test_model_keeps_the_class():
    assert Agent.__name__ == "Agent"
    assert Agent.__doc__ == "An agent with everything that can be learned."
    assert issubclass(Agent, tg.Module)
    assert tg.model(Agent) is Agent


def test_parameters_are_collected_once_by_their_path():
    agent = Agent()
    agent.again = agent.prompt
    names = list(agent.named_parameters())
    assert names == ["prompt", "k", "parts.a.0", "inner.weight", "pick"]
    assert agent.parameters() == list(agent.named_parameters().values())
    assert set(agent.parameters_dict()) == {"prompt", "k", "parts", "inner", "pick", "again"}


def test_modules_that_hold_each_other():
    a, b = Inner(), Inner()
    a.other, b.other = b, a
    a.own = tg.Parameter(1)
    assert list(a.named_parameters()) == ["other.weight", "own"]


def test_each_instance_has_its_own_trainable_methods():
    one, two = Agent(), Agent()
    mine, other = one.named_parameters()["pick"], two.named_parameters()["pick"]
    assert mine is not other
    assert one.pick.__func__.parameter is mine
    result = one.pick(tg.node([7, 8]))
    assert result.data == 7
    assert mine in list(result.parents)


def test_forward_and_its_absence():
    assert Inner()(tg.node(3)).data == 3.0
    with pytest.raises(NotImplementedError, match="Agent"):
        Agent()(1)


def test_save_and_load(tmp_path):
    agent = Agent()
    agent.prompt.update("be brief ü \ud800")
    agent.k.update(7)
    path = tmp_path / "deep" / "agent.json"
    agent.save(path)
    fresh = Agent()
    fresh.load(path)
    assert fresh.state_dict() == agent.state_dict()
    assert [p.name for p in path.parent.iterdir()] == ["agent.json"]


def test_loading_is_all_or_nothing(tmp_path):
    agent = Agent()
    path = tmp_path / "agent.json"
    agent.save(path)
    content = json.loads(path.read_text())
    before = agent.state_dict()

    def broken(change, error, match):
        copy = json.loads(json.dumps(content))
        change(copy)
        path.write_text(json.dumps(copy))
        with pytest.raises(error, match=match):
            agent.load(path)
        assert agent.state_dict() == before

    broken(lambda c: c["parameters"].update(prompt="new", k=99), ConstraintError, "between")
    broken(lambda c: c["parameters"].pop("k"), ParameterError, "no value for k")
    broken(lambda c: c["parameters"].update(z=1), ParameterError, "unknown: z")
    broken(lambda c: c.update(version=2), SchemaVersionError, "version 2")
    broken(lambda c: c.update(format="other"), SchemaVersionError, "not a file")
    path.write_text("{")
    with pytest.raises(SchemaVersionError, match="not JSON"):
        agent.load(path)


def test_a_value_that_json_cannot_hold(tmp_path):
    module = Inner()
    module.odd = tg.Parameter({1, 2})
    with pytest.raises(ParameterError, match="JSON"):
        module.save(tmp_path / "odd.json")
    assert list(tmp_path.iterdir()) == []


def test_copies_are_independent():
    agent = Agent()
    made = agent.copy()
    made.prompt.update("other")
    made.inner.own = tg.Parameter(1)
    assert agent.prompt == "be kind"
    assert made.named_parameters()["pick"] is not agent.named_parameters()["pick"]


def test_seq_and_map():
    a, b = tg.Parameter(1, name="a"), tg.Parameter(2, name="b")
    assert Seq(a, b).parameters() == [a, b]
    assert Seq([a, 5]).parameters() == [a]
    assert Map({"x": Seq(a), "y": b}).named_parameters() == {"x.0": a, "y": b}

    @tg.bundle
    def total(xs):
        return sum(xs)

    assert total(Seq(a, b)).data == 3


def test_export_writes_what_was_learned_as_plain_python(tmp_path):
    agent = Agent()
    agent.prompt.update('say "hi"\nnow')
    text = agent.export(tmp_path / "agent.py")
    assert (tmp_path / "agent.py").read_text() == text
    assert "@tg" not in text
    assert "self.prompt = 'say \"hi\"\\nnow'" in text
    scope = {"tg": tg, "Inner": Inner}
    exec(text, scope)
    plain = scope["Agent"]()
    assert plain.act("x") == 'say "hi"\nnow: x'
    assert plain.pick([4, 5]) == 4
