"""What a page of the lab can be asked about itself: names of controls, contrast, width, the Tab key's order, words."""

# of what a visitor can operate or look at, that for which a screen reader would have no word
NAMELESS = """() => [...document.querySelectorAll(
  "button, input, select, textarea, canvas, img, [role=button], [role=img]")]
  .filter((e) => e.checkVisibility() && e.type !== "file" && !e.closest("[aria-hidden=true]") && !(
    e.alt || e.innerText?.trim() || e.ariaLabel || e.title || e.labels?.length
    || document.getElementById(e.getAttribute("aria-labelledby"))
    || e.querySelector("img[alt]:not([alt=''])")
    || e.parentElement.closest("[aria-label]")))
  .map((e) => e.outerHTML.slice(0, 200))"""

# texts whose contrast with what is behind them is below WCAG's 4.5 to 1; not of controls that are switched off
PALE = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const parse = (colour) => {
    const [r, g, b, a = 1] = numbers(colour.replace(/^color\\(srgb/, ""));
    return colour.startsWith("color(srgb") ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = (colour) => colour.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + [0.2126, 0.7152, 0.0722][i] * v, 0);
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const pale = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const words = texts.currentNode.textContent.trim(), e = texts.currentNode.parentElement;
    if (!words || !e.checkVisibility({ visibilityProperty: true }) || e.closest("[disabled], option")) continue;
    const style = getComputedStyle(e), back = behind(e);
    const own = parse(e.closest("svg") && style.fill !== "none" ? style.fill : style.color);
    const [a, b] = [light(over(own, back)), light(back)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) pale.push(`${contrast.toFixed(2)}: ${words.slice(0, 60)}`);
  }
  return pale;
}"""

# controls that reach beyond the window, those apart that lie in a part which can be scrolled by itself
OUTSIDE = """() => [...document.querySelectorAll("#lab button, #lab input, #lab canvas")].filter((e) => {
  const box = e.getBoundingClientRect();
  if (!e.checkVisibility({ visibilityProperty: true }) || box.width <= 1 || box.height <= 1) return false;
  for (let up = e.parentElement; up; up = up.parentElement)
    if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX)) return false;
  return box.left < -1 || box.right > innerWidth + 1;
}).map((e) => e.outerHTML.slice(0, 200))"""
SCROLLS = "document.scrollingElement.scrollWidth > innerWidth"

# the part of the page that has the focus
FOCUSED = """() => {
  const e = document.activeElement;
  const part = e.closest("#picture, #examples, #networks, #refresh, #guests, #memory, [role=tablist], [role=tabpanel]");
  return part ? part.getAttribute("role") ?? part.id : e.tagName;
}"""

# what the page says of its own accord, line by line; names of networks, layers, classes and papers stand elsewhere
SAID = """() => [...document.querySelectorAll(
  "#lab button, #lab h4, #lab p:not(.lab-place), #lab label, #lab summary, #lab figcaption, #lab footer, #lab th, "
  + "#lab [data-testid=block-info], #lab [role=alert], #lab .lab-label, #lab .heading, #status .prose"
)].filter((e) => e.checkVisibility() && !e.closest("li, tbody"))
  .flatMap((e) => (e.innerText ?? e.textContent).split("\\n")).map((words) => words.trim()).filter(Boolean)"""
