// What readers who use no mouse, or do not see the page, need beside the theme's HTML.
addEventListener("DOMContentLoaded", () => {
  for (const wide of document.querySelectorAll(".highlight pre, .table-wrapper")) wide.tabIndex = 0;
  for (const caption of document.querySelectorAll("[role=heading]:not([aria-level])")) caption.ariaLevel = 2;
  for (const corner of document.querySelectorAll("th")) {
    if (!corner.textContent.trim()) corner.replaceWith(document.createElement("td"));
  }
  for (const header of document.querySelectorAll("th")) {
    const formula = header.querySelector("annotation");
    if (!formula) continue;
    const words = Object.assign(document.createElement("span"), { className: "visually-hidden" });
    words.textContent = formula.textContent;
    header.append(words);
  }
  const zh = document.documentElement.lang.startsWith("zh");
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", zh ? "各页" : "Pages");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", zh ? "本页内容" : "On this page");
});
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
