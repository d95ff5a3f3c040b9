"""What a page with the panel fails of what everybody needs to use it: by axe, contrast and width."""

from __future__ import annotations

from importlib.resources import files

from playwright.sync_api import Page

_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
#: The panel, and what is of ours in cells.
_OURS = [["#jupyter-agent-sidebar"], [".jp-agent-fix"], [".jp-agent-prompt"], [".jp-agent-proposal"]]
#: JupyterLab decides where in the page the panel is; the rest is ours.
_LOOK = """async ours => {
  const found = await axe.run({ include: ours.filter(([one]) => document.querySelector(one)) }, { rules: { region: { enabled: false } } });
  return found.violations.map(one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 200)).join(' | ')}`);
}"""
#: What is wider than the panel is in its narrowest form.
_SIDEWAYS = """() => [...document.querySelectorAll('.jp-agent > *')]
  .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className)"""
#: Texts of the panel whose contrast with what lies behind them is below 4.5 (WCAG AA); the colours of code are JupyterLab's own.
_FAINT = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = text => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b]
    .map(one => one / 255).map(one => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, index) => sum + one * [0.2126, 0.7152, 0.0722][index], 0);
  const over = (front, back) => [0, 1, 2].map(i => front[i] * front[3] / 255 + back[i] * (1 - front[3] / 255)).concat(255);
  const behind = element => {
    let layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((back, front) => over(front, back), [255, 255, 255, 255]);
  };
  const faint = [];
  for (const element of document.querySelectorAll('.jp-agent *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest('svg, .jp-RenderedHTMLCommon pre span, .jp-agent-for-readers, mjx-container') || !element.getClientRects().length) continue;
    const back = behind(element);
    const [a, b] = [light(over(rgba(getComputedStyle(element).color), back)), light(back)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faint.push(`${element.outerHTML.slice(0, 200)}: ${contrast.toFixed(2)}`);
  }
  return faint;
}"""


def violations(page: Page) -> list[str]:
    """What axe finds in the panel, and in what is of ours in cells."""
    page.evaluate(_AXE)
    found: list[str] = page.evaluate(_LOOK, _OURS)
    return found


def too_wide(page: Page) -> list[str]:
    """What is wider than the panel."""
    found: list[str] = page.evaluate(_SIDEWAYS)
    return found


def faint(page: Page) -> list[str]:
    """Texts of the panel that stand out too little."""
    found: list[str] = page.evaluate(_FAINT)
    return found
