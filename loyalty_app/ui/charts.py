"""Charts as small pictures of our own, each with its numbers in words and in a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import reflex as rx
from reflex.vars import ObjectVar

HEIGHT = 100
WIDTH = 12
"""Of one bar with its gap, in the picture's own units; the picture is stretched to the room there is."""
GAP = 2

Names = tuple[str, str] | tuple[str]
"""What the numbers are called; with one name only the first of each pair is drawn."""


@dataclass(frozen=True)
class Pair:
    """Two numbers of one moment, and how they read."""

    label: str
    first: int
    second: int
    first_words: str
    second_words: str


@dataclass(frozen=True)
class Bar:
    """A pair as it is drawn."""

    label: str
    words: str
    first: str
    second: str
    x: str
    second_x: str
    first_y: str
    second_y: str
    first_height: str
    second_height: str
    width: str


@dataclass(frozen=True)
class Chart:
    """A picture of pairs side by side."""

    bars: list[Bar] = field(default_factory=list)
    view_box: str = ""
    most: str = ""
    begins: str = ""
    middle: str = ""
    ends: str = ""
    summary: str = ""
    is_empty: bool = True


@dataclass(frozen=True)
class Rank:
    """One line of a ranking: whose it is, its bar in percent of the longest, its number, and what else is known."""

    label: str
    share: int
    number: str
    note: str = ""
    href: str = ""


@dataclass(frozen=True)
class RangeLink:
    """A way to look further back, or less far."""

    words: str
    href: str
    is_here: bool


def drawn(pairs: Sequence[Pair], names: Names, most: str, summary: str) -> Chart:
    """Return the picture of some pairs, or of their first numbers; `most` is the largest number in words."""
    highest = max((max(pair.first, pair.second) for pair in pairs), default=0)
    bars = [_bar(number, pair, names, highest) for number, pair in enumerate(pairs)]
    return Chart(
        bars=bars,
        view_box=f"0 0 {max(1, len(bars)) * WIDTH} {HEIGHT}",
        most=most,
        begins=bars[0].label if bars else "",
        middle=bars[len(bars) // 2].label if len(bars) > 2 else "",  # noqa: PLR2004 - the first and the last stand at the ends
        ends=bars[-1].label if len(bars) > 1 else "",
        summary=summary,
        is_empty=not highest,
    )


def pairs_chart(chart: ObjectVar[Chart], names: Names, when: str, nothing: str) -> rx.Component:
    """Return the picture with its legend, and a table that says the same."""
    return rx.el.figure(
        rx.el.figcaption(
            rx.el.p(chart.summary, class_name="summary-line"),
            rx.el.ul(
                *[rx.el.li(rx.el.span(class_name=f"swatch {kind}"), name) for kind, name in _kinds(names)],
                class_name="legend",
                aria_hidden="true",
            ),
        ),
        rx.cond(
            chart.is_empty,
            rx.el.p(nothing, class_name="nothing quiet"),
            rx.fragment(
                rx.el.div(
                    rx.el.span(chart.most, class_name="most"),
                    rx.el.svg(
                        rx.foreach(chart.bars, _drawn_bar),
                        view_box=chart.view_box,
                        preserve_aspect_ratio="none",
                        aria_hidden="true",
                    ),
                    rx.el.div(
                        rx.el.span(chart.begins),
                        rx.el.span(chart.middle),
                        rx.el.span(chart.ends),
                        class_name="axis",
                    ),
                    class_name="plot",
                    aria_hidden="true",
                ),
                rx.el.details(
                    rx.el.summary("The same as a table"),
                    rx.el.div(
                        rx.el.table(
                            rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in (when, *names)])),
                            rx.el.tbody(rx.foreach(chart.bars, lambda bar: _row(bar, names))),
                        ),
                        class_name="scroll",
                        tab_index=0,
                        role="region",
                        aria_label="The numbers of the chart",
                    ),
                    class_name="behind",
                ),
            ),
        ),
        class_name="chart",
    )


def ranking(ranks: rx.Var[Sequence[Rank]], label: str) -> rx.Component:
    """Return lines with a bar each; every number stands beside its bar."""
    return rx.el.ol(rx.foreach(ranks, _rank), class_name="ranking", aria_label=label)


def _rank(rank: ObjectVar[Rank]) -> rx.Component:
    return rx.el.li(
        rx.cond(
            rank.href,
            rx.el.a(rx.el.bdi(rank.label), href=rank.href, class_name="whose"),
            rx.el.bdi(rank.label, class_name="whose"),
        ),
        rx.el.strong(rank.number),
        rx.el.span(
            rx.el.span(class_name="fill", style={"inlineSize": f"{rank.share}%"}),
            class_name="track",
            aria_hidden="true",
        ),
        rx.cond(rank.note, rx.el.span(rank.note, class_name="quiet note")),
        key=f"{rank.label}{rank.href}",
    )


def ranges(links: rx.Var[Sequence[RangeLink]]) -> rx.Component:
    """Return the links that choose how far back a chart looks."""
    return rx.el.nav(rx.foreach(links, _range), class_name="ranges", aria_label="How far back")


def band(
    usual: tuple[rx.Var[int] | int, rx.Var[int] | int],
    great: tuple[rx.Var[int] | int, rx.Var[int] | int],
    value: rx.Var[int],
) -> rx.Component:
    """Return a bar of percents before what is usual and what is great, each (from, how far); words stand beside it."""
    return rx.el.svg(
        rx.el.rect(x=usual[0], y="0", width=usual[1], height="12", class_name="usual"),
        rx.el.rect(x=great[0], y="0", width=great[1], height="12", class_name="great"),
        rx.el.rect(x="0", y="4", width=value, height="4", class_name="value"),
        view_box="0 0 100 12",
        preserve_aspect_ratio="none",
        class_name="band",
        aria_hidden="true",
    )


def _bar(number: int, pair: Pair, names: Names, highest: int) -> Bar:
    first, second = (round(one * HEIGHT / highest, 2) if highest else 0.0 for one in (pair.first, pair.second))
    left, width = number * WIDTH + GAP / 2, (WIDTH - GAP) / len(names)
    said = zip((pair.first_words, pair.second_words), names, strict=False)
    return Bar(
        label=pair.label,
        words=f"{pair.label}: " + ", ".join(f"{words} {name.lower()}" for words, name in said),
        first=pair.first_words,
        second=pair.second_words,
        x=f"{left:g}",
        second_x=f"{left + width:g}",
        first_y=f"{HEIGHT - first:g}",
        second_y=f"{HEIGHT - second:g}",
        first_height=f"{first:g}",
        second_height=f"{second:g}",
        width=f"{width:g}",
    )


def _drawn_bar(bar: ObjectVar[Bar]) -> rx.Component:
    return rx.el.g(
        rx.el.title(bar.words),
        rx.el.rect(x=bar.x, y="0", width=str(WIDTH - GAP), height=str(HEIGHT), class_name="hover"),
        rx.el.rect(x=bar.x, y=bar.first_y, width=bar.width, height=bar.first_height, class_name="first"),
        rx.el.rect(x=bar.second_x, y=bar.second_y, width=bar.width, height=bar.second_height, class_name="second"),
        key=bar.x,
    )


def _range(link: ObjectVar[RangeLink]) -> rx.Component:
    return rx.el.a(link.words, href=link.href, aria_current=rx.cond(link.is_here, "true", "false"), key=link.href)


def _row(bar: ObjectVar[Bar], names: Names) -> rx.Component:
    numbers = (bar.first, bar.second)[: len(names)]
    return rx.el.tr(rx.el.th(bar.label, scope="row"), *[rx.el.td(number) for number in numbers], key=bar.x)


def _kinds(names: Names) -> list[tuple[str, str]]:
    return list(zip(("first", "second"), names, strict=False))
