"""Defaults are what docstrings, help texts and the sources that they come from say."""

import argparse
import ast
import importlib
import inspect
import json
import pkgutil
import re
from contextlib import suppress

import golden
import pytest
from calls import MODELS

import npgan
from npgan import optim
from npgan.commands import cli

ENTRY = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*) : ", re.MULTILINE)
SAID = re.compile(r"\b(?:by default|default:?) (\w+\(.*?\)|[^;,]+)")


def modules():
    """Yield every module of the package and its name."""
    for module in pkgutil.walk_packages(npgan.__path__, "npgan."):
        if not module.name.endswith("__main__"):
            yield module.name, importlib.import_module(module.name)


def callables():
    """Yield every function, class and method of the package, by name."""
    for where, module in modules():
        for name, value in vars(module).items():
            if getattr(value, "__module__", "") == where and callable(value):
                yield f"{where}.{name}", value
                for method, function in vars(value).items() if inspect.isclass(value) else ():
                    if inspect.isfunction(function):
                        yield f"{where}.{name}.{method}", function


def documented(function):
    """Yield (parameter, what its default is said to be) of a docstring's section of parameters."""
    _, _, section = inspect.cleandoc(function.__doc__ or "").partition("Parameters\n----------\n")
    parts = ENTRY.split(section.split("\n\n")[0])[1:]
    for names, description in zip(parts[::2], parts[1::2], strict=True):
        for said in SAID.findall(" ".join(description.split())):
            for name in names.split(", "):
                yield name.strip("*"), said


def numbers_and_words():
    """Return the defaults of public functions: those that are numbers, words or yes and no."""
    found = {}
    for name, function in callables():
        if inspect.isfunction(function) and "._" not in name.replace(".__init__", ""):
            for parameter in inspect.signature(function).parameters.values():
                if isinstance(parameter.default, int | float | str):
                    found[f"{name}({parameter.name})"] = parameter.default
    return found


def plain(value):
    """Return whether a value is made of numbers and words."""
    if isinstance(value, tuple | list):
        return all(map(plain, value))
    if isinstance(value, dict):
        return plain(tuple(value.items()))
    return isinstance(value, int | float | str | None)


def constants():
    """Return what modules hold in capitals, but those of kernels, which follow the processor.

    What is empty may be a table that is filled later.
    """
    of_machine = "npgan.kernels", "npgan.program", "npgan.system.environment"
    return {
        f"{where}.{name}": repr(value)
        for where, module in modules()
        if not where.startswith(of_machine)
        for name, value in vars(module).items()
        if name.isupper() and plain(value) and value not in ([], {})
    }


WORDS = "-1 0 .5 1 2 3 100 101 1000 1001 10000 10001 1e9 nan a a.png a.gif"


def read_by(option):
    """Return the kind of an option, which of some words it takes, and what it makes of them."""
    read, taken, kinds = option.type or str, [], set()
    for word in WORDS.split():
        with suppress(argparse.ArgumentTypeError, ValueError):
            kinds.add(type(read(word)).__name__.removeprefix("Posix"))
            taken.append(word)
    return [type(option).__name__, option.required, option.nargs, *sorted(kinds), " ".join(taken)]


def help_texts():
    """Return what each option's help says, and how its value is written there and read."""
    return {
        f"{name} {option.dest}": [
            *(option.metavar, option.help, str(option.default), *read_by(option))
        ]
        for name, option in options()
    }


def on_record():
    """Return all that is kept in a file, so that a change is seen: python tests/golden.py --defaults"""
    return json.loads(json.dumps(numbers_and_words() | constants() | help_texts()))


def test_defaults_constants_and_help_are_those_of_the_record():
    assert on_record() == json.loads(golden.DEFAULTS.read_text())


TABLE = [(*entry, function) for _, function in callables() for entry in documented(function)]


def literal(text):
    """Return (value,) of a Python literal, else ()."""
    try:
        return (ast.literal_eval(text),)
    except (SyntaxError, ValueError):
        return ()


@pytest.mark.parametrize(("name", "said", "function"), TABLE)
def test_a_default_is_what_the_docstring_says(name, said, function):
    default = inspect.signature(function).parameters[name].default
    if default in (None, slice(None)):  # it follows from other arguments: words say how
        assert not literal(said)
    else:
        assert literal(said) == (default,)


@pytest.mark.parametrize("kind", MODELS)
def test_a_models_optimisers_are_those_that_its_docstring_says(kind):
    docs = (base.__doc__ or "" for base in kind.__mro__)
    said = next(x for doc in docs for x in re.findall(r"by default (Adam\(.*?\))", doc))
    expected = eval(said, vars(optim))
    for rule in MODELS[kind]().optimizers.values():
        state = {name: getattr(rule, name) for name in ("state", "serves")}
        assert vars(rule) == vars(expected) | state


def options():
    """Yield (command, option) of the command line."""
    (commands,) = (a for a in cli._parser()._actions if isinstance(a, argparse._SubParsersAction))
    for name, parser in commands.choices.items():
        yield from ((name, action) for action in parser._actions if action.dest != "help")


EXPLAINED = [(command, option) for command, option in options() if option.help]


@pytest.mark.parametrize(("command", "option"), EXPLAINED, ids=lambda x: getattr(x, "dest", x))
def test_an_options_default_is_what_its_help_says(command, option):
    values = option.default if isinstance(option.default, list) else [option.default]
    for said in re.findall(r"; default ([\w. ]+?)$", option.help):
        words = [literal(word)[0] if literal(word) else word for word in said.split()]
        assert words == values or values == [None]


# Kingma and Ba 2015; Loshchilov and Hutter 2019; torch's RMSprop, SGD and weight decay
PUBLISHED = {
    optim.Adam: {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    optim.AdamW: {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01},
    optim.RMSProp: {"decay": 0.99, "eps": 1e-8},
    optim.Momentum: {"momentum": 0.9},
}


@pytest.mark.parametrize("rule", PUBLISHED, ids=lambda rule: rule.__name__)
def test_an_optimiser_starts_from_published_settings(rule):
    found = vars(rule(1.0))
    assert {name: found[name] for name in PUBLISHED[rule]} == PUBLISHED[rule]
