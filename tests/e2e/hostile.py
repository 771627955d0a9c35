"""A mail that does all it can to be more than text."""

import html

ATTACKS = [
    "<script>alert('script')</script>",
    "<img src=http://evil.example/pixel.gif onerror=alert('onerror')>",
    "<svg onload=alert('svg')><style>*{display:none}</style></svg>",
    "<a href=\"javascript:alert('link')\" id=main>click</a>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<base href=http://evil.example/><meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=http://evil.example/a.css><style>body{display:none}</style>",
    "<form action=http://evil.example/><button autofocus onfocus=alert('focus')>",
    "</textarea></mark></div></section></main><h1>outside</h1>",
    "\"'><img src=x onerror=alert('quote')>",
    "{{ 7 * 7 }} {% raw %} ${7*7} %3Cscript%3E &lt;b&gt; &#60;script&#62;",
    "]]> <!-- <![CDATA[ <noscript><p title=\"</noscript><img src=x onerror=alert('n')>\">",
]
OVERRIDE = "\u202egnp.exe\u202c \u2066\u2067deb\u200b\u200b\u200bt\u2069"
SUBJECT = f"{OVERRIDE} <b onmouseover=alert('subject')>Free</b><script>alert('subject')</script>"
LINE = "free money " * 190_000  # 2 MB without a break
# Markup in a body is rendered to text before it is read, and hidden text is left out. What a mail
# escapes comes out of that as the markup it was.
BODY = "<p>" + "<br>\n".join(map(html.escape, ATTACKS)) + f"<br>\n{OVERRIDE}<br>\n{LINE}</p>"
# Shorter than the mail: chromium takes half a minute to type 2 MB.
TEXT = f"Subject: {SUBJECT}\n\n{BODY[:200_000]}"
# The same attacks as they are, to be rendered away.
BARE = f"Subject: {SUBJECT}\n\n" + "\n".join(ATTACKS)


def mail() -> bytes:
    """The same as a mail of HTML."""
    head = (
        "From: <script>alert('from')</script>@evil.example\n"
        f"Subject: {SUBJECT}\nMIME-Version: 1.0\n"
        'Content-Type: text/html; charset=utf-8; name="<script>alert(1)</script>"\n'
    )
    return f"{head}\n{BODY}".encode()
