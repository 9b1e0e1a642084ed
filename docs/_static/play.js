// Below a figure of PLAYS: its inputs, and the lines and numbers that follow from them.
const ZH = {
  "Try it": "试一试", "log₁₀ error": "log₁₀ 误差", "forward difference": "前向差分", "central difference d(h)": "中心差分 d(h)",
  "Richardson's extrapolation": "理查森外推", "complex step": "复步法", "loss after a step": "一步之后的损失",
  "forty steps": "四十步", "distance after forty steps": "四十步之后的距离", "real data": "真实数据", "generated data": "生成数据",
  "saturating: dL/dθ": "饱和：dL/dθ", "non-saturating: dL/dθ": "非饱和：dL/dθ", players: "玩家", "at once": "同时", "in turns": "轮流",
  "500 steps": "500 步", "distance after 500 steps": "500 步之后的距离", "λ, real part": "λ 的实部", "λ, imaginary part": "λ 的虚部",
  "its derivative": "它的导数", "without f''": "没有 f''",
};
const say = (words) => (document.documentElement.lang.startsWith("zh") && ZH[words]) || words;

function made(tag, attributes = {}, ...children) {
  const svg = ["svg", "polyline", "text", "rect"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function written(number) {
  if (typeof number === "string") return number;
  if (Array.isArray(number)) return `(${number.map(written).join(", ")})`;
  const small = number !== 0 && (Math.abs(number) < 1e-3 || Math.abs(number) >= 1e5);
  return small ? number.toExponential(2) : String(Number(number.toFixed(4)));
}

function drawn({ axes, box }, lines) {
  const [width, height, left, below] = [420, 243, 56, 26];
  const points = Object.values(lines).flat();
  const [xs, ys] = [0, 1].map((i) => points.map((point) => point[i]));
  const [x0, x1, y0, y1] = box ?? [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys, 1e-3)];
  const at = ([a, b]) => `${(((a - x0) / (x1 - x0)) * width).toFixed(2)},${(((y1 - b) / (y1 - y0)) * height).toFixed(2)}`;
  const line = ([name, points], i) =>
    made("polyline", { class: name.trim() ? `line-${i}` : "", points: points.map(at).join(" ") });
  const label = (words, x, y, anchor) => made("text", { x, y, "text-anchor": anchor }, say(words));
  return made(
    "svg", { viewBox: `0 0 ${left + width + 8} ${height + below}`, role: "img", "aria-label": axes.map(say).join(", ") },
    made("svg", { x: left, width, height }, ...Object.entries(lines).map(line)),
    made("rect", { x: left, y: 0.5, width, height }),
    label(written(x0), left, height + 18, "start"), label(axes[0], left + width / 2, height + 18, "middle"),
    label(written(x1), left + width, height + 18, "end"), label(written(y0), left - 4, height, "end"),
    label(written(y1), left - 4, 12, "end"), label(axes[1], left + 6, 16, "start"),
  );
}

function control(name, [low, high, step, first], changed) {
  const input = typeof low === "string"
    ? made("select", {}, ...[low, high].map((words) => made("option", { value: words }, say(words))))
    : made("input", { type: "range", min: low, max: high, step, value: first });
  const shown = made("output");
  const value = () => (input.type === "range" ? Number(input.value) : input.value);
  const show = () => (shown.textContent = input.type === "range" ? written(value()) : "");
  input.addEventListener("input", () => (show(), changed()));
  show();
  return { value, node: made("label", {}, `${say(name)} `, input, " ", shown) };
}

function played(play) {
  const picture = made("div"), said = made("ul", { "aria-live": "polite" });
  const controls = Object.entries(play.inputs).map(([name, input]) => control(name, input, update));
  function update() {
    const { lines, numbers } = play.follows(...controls.map(({ value }) => value()));
    const item = (name) =>
      made("li", { class: `line-${Object.keys(lines).indexOf(name)}` }, say(name), " ", written(numbers[name] ?? ""));
    picture.replaceChildren(drawn(play, lines));
    said.replaceChildren(...Object.keys({ ...lines, ...numbers }).filter((name) => name.trim()).map(item));
  }
  update();
  return made("section", { class: "play", "aria-label": say("Try it") },
    made("strong", {}, say("Try it")), made("div", {}, ...controls.map(({ node }) => node)), picture, said);
}

addEventListener("DOMContentLoaded", () => {
  for (const [name, play] of Object.entries(PLAYS)) {
    document.querySelector(`img[src*="/${name}."]`)?.closest("figure")?.after(played(play));
  }
});
