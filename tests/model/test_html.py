"""What a reader sees of HTML, and what is hidden from a reader is hidden from the network."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.html import looks_like_html, render


def visible_text(source: str) -> str:
    return render(source).text


def test_blocks_end_lines_and_inline_tags_do_not_part_words() -> None:
    assert visible_text("<p>one</p><p>two</p>three<br>four") == "one\ntwo\nthree\nfour"
    assert visible_text("V<b>ia</b>g<span>ra</span> now") == "Viagra now"
    assert visible_text("<table><tr><td>left</td><td>right</td></tr></table>") == "left\nright"
    assert visible_text("<ul><li>a<li>b</ul>") == "a\nb"


def test_white_space_collapses_as_in_a_browser() -> None:
    assert (
        visible_text("<p>one\n   two&nbsp;\u2003three\t</p>\n\n\n<p>four</p>")
        == "one two three\nfour"
    )


def test_entities_are_decoded() -> None:
    assert (
        visible_text("<p>Fish &amp; chips &lt;here&gt; &#65;&#x42;&eacute;&euro;")
        == "Fish & chips <here> ABé€"
    )


def test_a_picture_says_its_alternative_text() -> None:
    assert (
        visible_text('<p>By<img src="x.png" alt="Bramley Tools">Ltd</p>') == "By Bramley Tools Ltd"
    )
    assert visible_text('<img src="x.png" alt=""><img src="y.png">') == ""


@pytest.mark.parametrize(
    "tag", ["script", "style", "title", "template", "noscript", "textarea", "svg"]
)
def test_what_is_no_text_is_left_out(tag: str) -> None:
    assert visible_text(f"<div>before<{tag}>inside</{tag}>after</div>") == "beforeafter"


def test_comments_and_conditional_comments_are_left_out() -> None:
    assert visible_text("a<!-- b --><!--[if mso]><p>c</p><![endif]-->d") == "ad"


@pytest.mark.parametrize(
    "attributes",
    [
        'style="display:none"',
        'style="DISPLAY : NONE !important"',
        'style="visibility:hidden"',
        'style="visibility: collapse"',
        'style="mso-hide:all"',
        'style="opacity:0"',
        'style="opacity:0.0;color:red"',
        'style="max-height:0;overflow:hidden"',
        'style="max-height:0px"',
        'style="text-indent:-9999px"',
        'style="font-size:0"',
        'style="font-size:1px"',
        'style="font-size:0.01em"',
        'style="font-size:1%"',
        'style="color:#fff"',
        'style="color:white"',
        'style="color:#FFFFFF;font-size:14px"',
        'style="color: rgb(255, 255, 255)"',
        'style="color:rgba(254,254,254,1)"',
        'style="background:#336699;color:#336699"',
        'style="background-color:#336699;color:#33669a"',
        "hidden",
    ],
)
def test_hidden_text_is_not_read(attributes: str) -> None:
    assert (
        visible_text(f"<p>seen</p><div {attributes}>hidden <b>also</b></div><p>too</p>")
        == "seen\ntoo"
    )


@pytest.mark.parametrize(
    "attributes",
    [
        'style="opacity:0.5"',
        'style="opacity:1"',
        'style="max-height:100px"',
        'style="font-size:10px"',
        'style="font-size:0.8em"',
        'style="color:#767676"',
        'style="color:#ffffff;background:#0b2f5b"',
        'style="color:#ffffff;background:#0b2f5b url(x.png) no-repeat"',
        'style="color:#fff;background-image:url(x.png);background:url(x.png)"',
        'style="color:no-such-colour"',
        'style="font-size:."',
        'style="background-color:#fff"',
        'style="display:block"',
        'style="border-color:#fff"',
        'style="text-indent:-2px"',
        'hidden-thing="1"',
    ],
)
def test_visible_text_is_read(attributes: str) -> None:
    assert visible_text(f"<div {attributes}>shown</div>") == "shown"


def test_old_attributes_paint_too() -> None:
    assert visible_text('<font color="#ffffff">hidden</font>seen') == "seen"
    assert (
        visible_text('<table bgcolor="black"><tr><td><font color="white">seen</font></table>')
        == "seen"
    )
    assert (
        visible_text('<body bgcolor="#0000ff" text="#0000ff">hidden<font color=red>seen') == "seen"
    )
    assert visible_text('<table background="dark.png"><td><font color=white>seen</table>') == "seen"


def test_a_background_is_inherited_and_a_transparent_one_changes_nothing() -> None:
    dark = '<td bgcolor="#102030"><span style="color:#fff;background:transparent">seen</span></td>'
    assert visible_text(f"<table><tr>{dark}</tr></table>") == "seen"


def test_size_zero_on_a_cell_with_a_real_size_inside_hides_only_the_gap() -> None:
    html = '<td style="font-size:0;line-height:0">gap<span style="font-size:16px">words</span></td>'
    assert visible_text(f"<table><tr>{html}</tr></table>") == "words"


def test_nothing_inside_a_hidden_element_comes_back() -> None:
    assert (
        visible_text('<div style="display:none"><p style="display:block;color:red">no</p></div>')
        == ""
    )


def test_class_and_tag_rules_of_a_style_sheet_hide() -> None:
    css = "/* a } b */ .gone, p.white{color:#fff} h2{display:none}\n@import 'x'; .zero{font-size:0}"
    body = (
        '<p class="big gone">1</p><p class=white>2</p><h2>3</h2><p class=zero>4</p><p class=x>5</p>'
    )
    assert visible_text(f"<style>{css}</style>{body}") == "5"


def test_rules_for_small_screens_or_unknown_selectors_hide_nothing() -> None:
    css = "@media (max-width:600px){.note{display:none} .b{display:none}} @font-face{font-family:x}"
    css += " .note:hover{display:none} [class=note]{display:none}"
    assert (
        visible_text(f"<style>{css}</style><p class=note>seen</p><p class=b>too</p>") == "seen\ntoo"
    )


@pytest.mark.parametrize("selector", ["[data-ogsc] .note", "u + .note", "div > .note"])
def test_rules_of_longer_selectors_hide_nothing(selector: str) -> None:
    """Newsletters restyle themselves so for one mail reader's dark mode."""
    css = f"<style>{selector}{{color:#ffffff!important}}</style>"
    assert visible_text(f"{css}<p class=note>seen</p>") == "seen"


def test_an_inline_style_is_stronger_than_a_rule() -> None:
    css = "<style>.t{font-size:0;color:#fff}</style>"
    assert visible_text(f'{css}<p class=t style="font-size:14px;color:#000">seen</p>') == "seen"


def test_a_broken_style_sheet_spoils_nothing_else() -> None:
    assert (
        visible_text(
            "<style>.a{display:none</style><style>.b{display:none}</style><p class=b>x<p>y"
        )
        == "y"
    )
    assert visible_text("<style>}}}.b{display:none}</style><p class=b>x</p><p>y") == "y"


def test_tag_soup_is_read() -> None:
    assert visible_text("</div><td>a<b>b</i></b>c").split() == ["abc"]
    assert visible_text("<p>unclosed <a href='x>all of it") == "unclosed"


def test_nul_and_lone_surrogates() -> None:
    assert visible_text("<p>a\0b</p>") in ("ab", "a\ufffdb")
    assert "ok" in visible_text("<p>\ud800 ok</p>")


def test_plain_text_is_not_taken_for_html() -> None:
    assert not looks_like_html("2 < 3 and <ruth@example.com> wrote <b> once")
    assert not looks_like_html("")
    assert looks_like_html("<html><body>")
    assert looks_like_html("some words, then <br> and <a href='x'>a link</a>")


def test_deep_nesting_keeps_the_text() -> None:
    assert visible_text("<div>" * 1_000 + "deep" + "</div>" * 1_000) == "deep"
    assert visible_text("<div>" * 80_000 + "deep") == "deep"
    assert visible_text("first" + "<b><i><a><font>" * 20_000) == "first"


def test_closing_what_is_too_deep_keeps_what_follows() -> None:
    assert visible_text("<div>" * 20_000 + "</div>" * 20_000 + "<p>after</p>") == "after"


N = 400_000
BOMBS = {
    "tags": "<" * N,
    "open comment": "<!--" * (N // 4),
    "attributes": "<p " + " ".join(f"a{n}=1" for n in range(N // 8)) + ">x",
    "sheet of at": "<style>" + "@" * N + "</style>",
    "sheet of names": "<style>" + "a" * N + "</style>",
    "sheet of comments": "<style>" + "/*" * (N // 2) + "</style>",
    "sheet of braces": "<style>" + "a{" * (N // 2) + "</style>",
    "sheet of selectors": "<style>" + ".a," * (N // 6) + ".a{" + "x:y;" * (N // 8) + "}</style>",
    "sheet of one name": "<style>"
    + ".a{color:red}" * (N // 13)
    + "</style>"
    + "<p class='a a a'>x" * 999,
    "many sheets": "<style>.a{color:red}</style>" * (N // 28),
    "classes": "<style>.a{color:red}</style><p class='" + "a " * (N // 2) + "'>x",
    "style": "<p style='" + "opacity:0" * (N // 9) + "'>x",
    "colour": f"<p style='color:rgb({'1' * 5000},2,3)'>x",
    "spaces": "<p>" + "\u2028 \u2003" * (N // 3) + "x",
    "rows": "<table><tr><td>" * (N // 15),
}


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS)
def test_hostile_html_costs_no_time_and_no_error(source: str) -> None:
    """Each would run for minutes, or raise, if reading were quadratic somewhere."""
    assert "\n\n" not in visible_text(source)


_SOUP = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<table><td>",
                "<style>",
                "</style>",
                ".a{",
                "}",
                "@media x{",
                "/*",
                "color:#fff",
                "<div class=a style='",
                "'",
                '"',
                ">",
                "<!--",
                "-->",
                "&#x110000;",
                "&amp",
                "<svg><style>",
                "<font color=white>",
                "rgb(1,2,3)",
                "font-size:1e9px;",
                "<template>",
                "<img alt=x>",
                "\0",
                "<?",
                "<![CDATA[",
            ]
        ),
        st.text(st.characters(), max_size=10),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(_SOUP.map("".join))
def test_any_soup_gives_tidy_text(source: str) -> None:
    text = visible_text(source)
    assert text == text.strip()
    assert "\n\n" not in text


@pytest.mark.parametrize(
    ("source", "hidden"),
    [
        ("<p>all of it</p>", 0),
        ('<p>seen</p><p style="display:none">not <b>seen</b></p>', 7),
        ('<div style="color:#fff;background:#ffffff">white <i>on</i> white</div>seen', 12),
        ("<span hidden>ham words</span><p>seen</p>", 8),
        ('<p style="font-size:0">tiny<span style="font-size:12px">seen</span></p>', 4),
        ("<script>var x</script><style>p{}</style><p>seen</p>", 0),
    ],
)
def test_what_style_hides_is_counted(source: str, hidden: int) -> None:
    assert render(source).hidden == hidden


def test_what_a_long_style_hides_is_not_read() -> None:
    style = "border-color: red; " * 100
    page = f'<p style="{style}">seen</p><p style="{style}color: white">not</p>'
    assert render(page + f'<p style="{style}display: none">nor this</p>').text == "seen"
