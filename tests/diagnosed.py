"""How often the gradient checker names the right layer and the right kind of mistake.

``python tests/diagnosed.py`` measures it over all deliberate mistakes that it catches (two minutes); test_mutations.py
holds it on a sample. What is right is written down in mutations_kinds.toml, by reading the mistakes.
"""

import importlib
import re
import tomllib
from functools import cache
from pathlib import Path

from npgan.layers import LAYERS, Layer
from npgan.layers.chain import Chain


@cache
def _kinds():
    table = tomllib.loads((Path(__file__).parent / "mutations_kinds.toml").read_text())
    return {mistake: words.split() for words, mistakes in table.items() for mistake in mistakes}


def right_kinds(mutation):
    """Return what kinds a mistake may be called; ["none"]: it is of none that there is."""
    return _kinds()[f"{mutation.case}, {mutation.parameter}: {mutation}"]


def right_layer(mutation):
    """Return the class of layer that a mistake lies in; None if it lies in none."""
    *modules, function = mutation.where.split(".")
    if modules[-1][0].isupper():
        owner = getattr(importlib.import_module(".".join(["npgan", *modules[:-1]])), modules[-1])
        return owner if issubclass(owner, Layer) else None
    case = re.match(r"(?:layer|second derivative of) (\w+)", mutation.case)
    if modules[:2] == ["ops", "chain"]:
        return Chain
    operation = re.sub(r"_(double_)?(forward|backward)(_\w+)?$", "", function)
    return LAYERS.get(case[1] if case else operation)


def blames(mistake, layer):
    """Return whether a mistake is said to be in a layer of this class, or in none."""
    found = re.search(r"(\w+)\(", mistake.layer)
    if layer is None or found is None:
        return layer is None and found is None
    every = [layer]
    for one in every:
        every += one.__subclasses__()
    return found[1] in {one.__name__ for one in every}


def main():
    import pytest
    import test_mutations as tests

    from npgan import backend
    from npgan.check import comparison

    backend.use("numpy")
    layers, kinds, none = [], [], 0
    for mutation in tests.MUTATIONS:
        if mutation.raises:
            continue
        with pytest.MonkeyPatch.context() as patch:
            tests.mutate(mutation, patch)
            tests.ask_about(mutation.parameter.partition(",")[0], patch)
            patch.setattr(comparison, "FAILURES", 1)
            mistakes = tests.check(mutation.case).mistakes
        layer, right = right_layer(mutation), right_kinds(mutation)
        if layer:
            layers.append(bool(mistakes) and all(blames(m, layer) for m in mistakes))
        named = mistakes[0].kind if mistakes else ""
        none += right == ["none"]
        if right != ["none"]:
            kinds.append(named in right)
        if (layer and not layers[-1]) or (right != ["none"] and not kinds[-1]):
            print(f"{mutation.case}, {mutation}\n    {' or '.join(right)}; {[*map(str, mistakes)]}")
    print(f"the right layer: {sum(layers)} of {len(layers)}")
    print(f"the right kind: {sum(kinds)} of {len(kinds)}; {none} are of no kind that there is")


if __name__ == "__main__":
    main()
