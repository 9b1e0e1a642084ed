"""Numbers below a figure that readers can change are those that npgan computes, in both languages."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from npgan import Dense, Sequential, Tanh, ops
from npgan.objectives.losses import OBJECTIVES
from npgan.objectives.penalties import gradient_penalty, squared_norm

playwright = pytest.importorskip("playwright.sync_api", reason="make docs-tools")
DOCS = Path(__file__).parents[1] / "docs"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGE = """<!doctype html><html lang="{}"><body><figure><img src="/{}.svg" alt=""></figure></body></html>"""
GAME = OBJECTIVES["minimax"], OBJECTIVES["non-saturating"]


def steps(k):
    h, t = 10.0**k, 1.0

    def f(t):
        return np.exp(t) * np.sin(t)

    def d(h):
        return (f(t + h) - f(t - h)) / (2 * h)

    found = (f(t + h) - f(t)) / h, d(h), (4 * d(h / 2) - d(h)) / 3, f(t + 1j * h).imag / h
    names = (
        "forward difference",
        "central difference d(h)",
        "Richardson's extrapolation",
        "complex step",
    )
    return dict(zip(names, abs(np.array(found) - np.exp(t) * (np.sin(t) + np.cos(t))), strict=True))


def network(x1, x2, eta):
    x, W1, W2 = np.array([[x1, x2]]), np.array([[1.0, -1], [0, 1]]), np.array([[2.0], [-1]])
    z = x @ W1
    h = ops.relu_forward(z)
    loss, delta = ops.bce_with_logits(h @ W2, 1.0)
    dz = ops.relu_backward(delta @ W2.T, h)
    W1_new, W2_new = W1 - eta * x.T @ dz, W2 - eta * h.T @ delta
    after = ops.bce_with_logits_forward(ops.relu_forward(x @ W1_new) @ W2_new, 1.0)
    found = {
        "z": z,
        "h": h,
        "l": h @ W2,
        "L": loss,
        "δ": delta,
        "dW₂": h.T @ delta,
        "dW₁": x.T @ dz,
    }
    return found | {"dx": dz @ W1.T, "loss after a step": after}


def valley(eta, mu):
    w, v = np.array([5.0, 1.0]), np.zeros(2)
    for _ in range(40):
        ops.momentum_update(w, w * [1, 25], v, eta, mu)
    return {"distance after forty steps": np.hypot(*w)}


def gaussians(theta):
    x = np.linspace(-12, 12, 4001)
    p, q = (np.exp(-((x - mean) ** 2) / 2) for mean in (0, theta))
    p, q, m = p / p.sum(), q / q.sum(), (p / p.sum() + q / q.sum()) / 2
    logits = (theta**2 / 2 - theta * x)[:, None]
    pulls = [(q * game.generator(logits).dfake[:, 0]).sum() * len(x) * -theta for game in GAME]
    jsd = ((p * np.log(p / m)).sum() + (q * np.log(q / m)).sum()) / 2
    return {"JSD": jsd, "saturating: dL/dθ": pulls[0], "non-saturating: dL/dθ": pulls[1]}


def dirac(h, gamma, players):
    theta, psi = 1.0, -1.0
    for _ in range(500):
        loss = GAME[0].discriminator(np.zeros((1, 1)), np.array([[psi * theta]]))
        newer = psi - h * (loss.dfake.item() * theta + gamma * psi)
        seen = newer if players == "in turns" else psi
        theta -= h * GAME[0].generator(np.array([[seen * theta]])).dfake.item() * seen
        psi = newer
    value = max(np.linalg.eigvals([[0, 0.5], [-0.5, -gamma]]), key=lambda v: (v.real, v.imag))
    found = {
        "λ, real part": value.real,
        "λ, imaginary part": value.imag,
        "|1 + hλ|": abs(1 + h * value),
    }
    return found | {"distance after 500 steps": np.hypot(theta, psi)}


def penalty(w1):
    net = Sequential(Dense(1, 1), Tanh(), Dense(1, 1)).astype(np.float64)
    net.parameters["0.weight"], net.parameters["2.weight"] = w1, 2
    grads = net.parameters.like()
    P = gradient_penalty(net, np.ones((1, 1)), squared_norm, 1.0, grads)
    slope = 2 * (1 - np.tanh(w1) ** 2)
    return {"P": P, "its derivative": grads["0.weight"], "without f''": w1 * slope**2}


PLAYS = {
    "error_over_step": (steps, (-1.0,), (-0.25,)),
    "network_by_hand": (network, (1.0, 2.0, 0.1), (1.0, -2.0, 0.3), (-3.0, 2.5, 1.0)),
    "valley": (valley, (0.04, 0.5), (0.02, 0.9), (0.1, 0.0)),
    "two_gaussians": (gaussians, (3.0,), (-1.5,), (0.0,)),
    "dirac": (dirac, (0.2, 0.0, "at once"), (0.3, 0.5, "in turns"), (0.05, 2.0, "at once")),
    "penalty": (penalty, (1.0,), (0.4,), (2.5,)),
}
SET = """([node, value]) => { node.value = value; node.dispatchEvent(new Event("input")); }"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser, name, language):
    page = browser.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.set_content(PAGE.format(language, name))
    for script in ("plays.js", "play.js"):
        page.add_script_tag(path=DOCS / "_static" / script)
    page.evaluate("dispatchEvent(new Event('DOMContentLoaded'))")
    return page


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium")
@pytest.mark.parametrize("name", PLAYS)
class TestPlays:
    def test_the_numbers_are_those_of_npgan(self, browser, name):
        page = opened(browser, name, "en")
        function, *settings = PLAYS[name]
        for values in settings:
            for node, value in zip(
                page.locator(".play input, .play select").all(), values, strict=True
            ):
                page.evaluate(SET, [node.element_handle(), str(value)])
            found = page.evaluate(
                "([name, values]) => PLAYS[name].follows(...values).numbers", [name, values]
            )
            right = function(*values)
            assert found.keys() == right.keys()
            for what, number in right.items():
                there = np.ravel(found[what]).astype(float)
                assert there == pytest.approx(np.ravel(number), rel=1e-4, abs=1e-12), (what, values)
            shown = page.locator(".play li").all_inner_texts()
            assert any(text.endswith(page.evaluate("written", found[what])) for text in shown)

    def test_no_words_are_english_on_a_chinese_page(self, browser, name):
        page = opened(browser, name, "zh-CN")
        words = page.locator(".play").inner_text()
        assert re.findall("[a-z]{4,}", words) == []

    def test_the_figure_is_in_the_book(self, browser, name):
        chapters = " ".join(path.read_text() for path in (DOCS / "book").glob("*.md"))
        assert f"{{figure}} figures/{name}.svg" in chapters
