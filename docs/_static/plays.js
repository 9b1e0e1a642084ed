// What can be changed below a figure, and what follows from it: name of the figure -> play.
//   inputs   name -> [least, most, step, at first], or [words, ...] to choose from
//   axes     of the drawing, and box: [left, right, bottom, top], or as large as the lines
//   follows  values of the inputs -> lines to draw and numbers to say, by their names; a line without one is grey
const range = (low, high, n) => Array.from({ length: n + 1 }, (_, i) => low + ((high - low) * i) / n);
const sigma = (l) => 1 / (1 + Math.exp(-l));
const PLAYS = {
  // Chapter 1: four derivatives of e^t sin t at t = 1.
  error_over_step: {
    inputs: { "log₁₀ h": [-15, 0, 0.25, -5] },
    axes: ["log₁₀ h", "log₁₀ error"],
    box: [-15, 0, -17, 1],
    follows(k) {
      const t = 1;
      const f = (t) => Math.exp(t) * Math.sin(t);
      const d = (h) => (f(t + h) - f(t - h)) / (2 * h);
      const imaginary = (h) =>
        Math.exp(t) * (Math.sin(t) * Math.cosh(h) * Math.sin(h) + Math.cos(t) * Math.sinh(h) * Math.cos(h));
      const ways = {
        "forward difference": (h) => (f(t + h) - f(t)) / h,
        "central difference d(h)": d,
        "Richardson's extrapolation": (h) => (4 * d(h / 2) - d(h)) / 3,
        "complex step": (h) => imaginary(h) / h,
      };
      const error = (way, k) => Math.abs(way(10 ** k) - Math.exp(t) * (Math.sin(t) + Math.cos(t)));
      const lines = {}, numbers = {};
      for (const [name, way] of Object.entries(ways)) {
        lines[name] = range(-15, 0, 300).map((k) => [k, Math.log10(Math.max(error(way, k), 1e-16))]);
        numbers[name] = error(way, k);
      }
      return { lines: { ...lines, "": [[k, -17], [k, 1]] }, numbers };
    },
  },
  // Chapter 2: the network by hand, with another input, and its loss after a step of another length.
  network_by_hand: {
    inputs: { "x₁": [-3, 3, 0.5, 1], "x₂": [-3, 3, 0.5, 2], "η": [0, 1, 0.01, 0.1] },
    axes: ["η", "L"],
    follows(x1, x2, eta) {
      const W1 = [[1, -1], [0, 1]], W2 = [2, -1], x = [x1, x2];
      const forward = (W1, W2) => {
        const z = [0, 1].map((j) => x[0] * W1[0][j] + x[1] * W1[1][j]);
        const h = z.map((z) => Math.max(z, 0));
        const l = h[0] * W2[0] + h[1] * W2[1];
        return { z, h, l, L: Math.log(1 + Math.exp(-l)) };
      };
      const { z, h, l, L } = forward(W1, W2);
      const delta = sigma(l) - 1;
      const dW2 = h.map((h) => delta * h);
      const dz = W2.map((w, j) => (z[j] > 0 ? delta * w : 0));
      const dW1 = x.map((x) => dz.map((d) => x * d));
      const dx = W1.map((row) => row[0] * dz[0] + row[1] * dz[1]);
      const stepped = (w, d, eta) => w.map((w, i) => (Array.isArray(w) ? stepped(w, d[i], eta) : w - eta * d[i]));
      const after = (eta) => forward(stepped(W1, dW1, eta), stepped(W2, dW2, eta)).L;
      return {
        lines: { "loss after a step": range(0, 1, 100).map((eta) => [eta, after(eta)]), "": [[eta, 0], [eta, L]] },
        numbers: { z, h, l, L, "δ": delta, "dW₂": dW2, "dW₁": dW1, dx, "loss after a step": after(eta) },
      };
    },
  },
  // Chapter 5: forty steps of momentum in the valley.
  valley: {
    inputs: { "η": [0.005, 0.1, 0.005, 0.04], "μ": [0, 0.95, 0.05, 0.5] },
    axes: ["a", "b"],
    box: [-5.5, 5.5, -1.6, 1.6],
    follows(eta, mu) {
      let w = [5, 1], v = [0, 0];
      const path = [w];
      for (let i = 0; i < 40; i++) {
        v = [mu * v[0] + w[0], mu * v[1] + 25 * w[1]];
        w = [w[0] - eta * v[0], w[1] - eta * v[1]];
        path.push(w);
      }
      const contour = (r) => range(0, 2 * Math.PI, 90).map((t) => [r * Math.cos(t), (r / 5) * Math.sin(t)]);
      return {
        lines: { "forty steps": path, "": contour(5), " ": contour(2.5) },
        numbers: { "distance after forty steps": Math.hypot(...w) },
      };
    },
  },
  // Chapter 8: two normal distributions, and the best discriminator between them.
  two_gaussians: {
    inputs: { "θ": [-4, 4, 0.1, 3] },
    axes: ["x", ""],
    box: [-6, 6, 0, 1],
    follows(theta) {
      const bell = (x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
      const s = (x) => sigma((theta * theta) / 2 - theta * x);
      let jsd = 0, saturating = 0, other = 0;
      for (const x of range(-20, 20, 8000)) {
        const p = bell(x), q = bell(x - theta), m = (p + q) / 2, dx = 0.005;
        if (p > 0) jsd += (p * Math.log(p / m) * dx) / 2;
        if (q > 0) jsd += (q * Math.log(q / m) * dx) / 2;
        saturating += q * s(x) * theta * dx;
        other += q * (1 - s(x)) * theta * dx;
      }
      const curve = (f) => range(-6, 6, 240).map((x) => [x, f(x)]);
      return {
        lines: { "real data": curve(bell), "generated data": curve((x) => bell(x - theta)), "s*": curve(s) },
        numbers: { JSD: jsd, "saturating: dL/dθ": saturating, "non-saturating: dL/dθ": other },
      };
    },
  },
  // Chapter 9: 500 steps of the smallest GAN.
  dirac: {
    inputs: { h: [0.01, 0.5, 0.01, 0.2], "γ": [0, 2, 0.05, 0], players: ["at once", "in turns"] },
    axes: ["θ", "ψ"],
    box: [-5.7, 5.7, -3.3, 3.3],
    follows(h, gamma, players) {
      let theta = 1, psi = -1;
      const path = [[theta, psi]];
      for (let i = 0; i < 500; i++) {
        const newer = psi - h * (theta * sigma(psi * theta) + gamma * psi);
        const seen = players === "in turns" ? newer : psi;
        theta += h * seen * sigma(seen * theta);
        psi = newer;
        path.push([theta, psi]);
      }
      const root = (gamma * gamma) / 4 - 1 / 4, size = Math.sqrt(Math.abs(root));
      const parts = root < 0 ? [-gamma / 2, size] : [-gamma / 2 + size, 0];
      return {
        lines: { "500 steps": path, "": [[-5.7, 0], [5.7, 0]], " ": [[0, -3.3], [0, 3.3]] },
        numbers: {
          "distance after 500 steps": Math.hypot(theta, psi),
          "λ, real part": parts[0],
          "λ, imaginary part": parts[1],
          "|1 + hλ|": Math.hypot(1 + h * parts[0], h * parts[1]),
        },
      };
    },
  },
  // Chapter 10: R1 of 2 tanh(w x) at x = 1, and its derivative with and without the second path.
  penalty: {
    inputs: { "w₁": [0, 2.5, 0.05, 1] },
    axes: ["w₁", "P"],
    box: [0, 2.5, 0, 0.7],
    follows(w1) {
      const w2 = 2;
      const slope = (w) => w2 * w * (1 - Math.tanh(w) ** 2);
      const y = Math.tanh(w1), g = slope(w1), P = (g * g) / 2;
      const first = g * w2 * (1 - y * y);
      const second = g * w1 * w2 * -2 * y * (1 - y * y);
      const tangent = (gain) => [-0.5, 0.5].map((dw) => [w1 + dw, P + gain * dw]);
      return {
        lines: {
          R1: range(0, 2.5, 100).map((w) => [w, slope(w) ** 2 / 2]),
          "its derivative": tangent(first + second),
          "without f''": tangent(first),
        },
        numbers: { P, "its derivative": first + second, "without f''": first },
      };
    },
  },
};
