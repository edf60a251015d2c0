"""The frames that pages stand in: the desk for work, one column for the public."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.utils.imports import ImportDict
from reflex.vars import ArrayVar, ObjectVar
from reflex_components_core.core.banner import has_connection_errors

from loyalty_app.core.languages import ENGLISH, LANGUAGES, Language
from loyalty_app.ui import forms
from loyalty_app.ui.errors import NoticeState
from loyalty_app.ui.icons import icon


@dataclass(frozen=True)
class Signs:
    """What a frame shows of the program and of the person, as state vars of the feature that knows them."""

    program: rx.Var[str]
    logo: rx.Var[str]
    theme: ObjectVar[dict[str, str]]
    """The brand's colours as CSS properties; empty where there is none."""
    person: rx.Var[str]
    home: rx.Var[str]
    is_signed_in: rx.Var[bool]
    is_member: rx.Var[bool]
    may_view_members: rx.Var[bool]
    may_view_dashboard: rx.Var[bool]
    may_view_redemptions: rx.Var[bool]
    may_scan: rx.Var[bool]
    may_manage: rx.Var[bool]
    settings: ArrayVar[Sequence[str]]
    """Which pages of the settings the person may open, by the last step of their address."""


@dataclass(frozen=True)
class Place:
    """One entry of the desk's navigation."""

    label: str
    path: str
    icon: str


OVERVIEW = Place("Overview", "/admin/", "gauge")
BATCHES = Place("Batches", "/admin/batches/", "stack")
REDEMPTIONS = Place("Redemptions", "/admin/redemptions/", "ticket")
MEMBERS = Place("Members", "/admin/members/", "person")
SCAN = Place("Scan", "/scan/", "scan")
ALL_SETTINGS = Place("Settings", "/admin/settings/", "gear")
PROMOTIONS = (
    BATCHES,
    Place("QR codes", "/admin/batches/scan/", "qr"),
    Place("Offers", "/admin/offers/", "tag"),
)
"""The group "Partners & Promotions" (S0-6)."""

QR_CODES = (
    Place("Batch Management", "/admin/batches/scan/", "qr"),
    Place("Create Batch", "/admin/batches/scan/new/", "plus"),
)
"""The tabs of the QR codes; the second is for those who may make some."""

SETTINGS = (
    Place("Business profile", "/admin/settings/", "tag"),
    Place("People", "/admin/people/", "person"),
    Place("Locations", "/admin/settings/locations/", "pin"),
    Place("API keys", "/admin/settings/api-keys/", "gear"),
    Place("Sealing keys", "/admin/settings/keys/", "gear"),
    Place("Audit log", "/admin/settings/audit-log/", "clock"),
)


_menus = rx.asset("menus.jsx", shared=True)
_reader = rx.asset("reader.jsx", shared=True)


class Menus(rx.Component):
    """Closes open menus on Escape and on a click elsewhere."""

    library = f"$/public{_menus}"
    tag = "Menus"


class WorkStyles(rx.Fragment):
    """Loads the look of the desk and the counter: only with pages for work, no member's phone waits for it."""

    def add_imports(self) -> ImportDict:
        """Let the bundler tie these files to each page that imports them."""
        return {"": [f"$/public/css/{name}.css" for name in ("desk", "counter")]}


class HtmlLanguage(rx.Component):
    """Puts the page's language and direction on the document."""

    library = f"$/public{_reader}"
    tag = "HtmlLanguage"
    language: rx.Var[str]
    direction: rx.Var[str]


class SkipLink(rx.Component):
    """Leads the keyboard past what stands above the content."""

    library = f"$/public{_reader}"
    tag = "SkipLink"
    words: rx.Var[str]


class LanguageSwitch(rx.Component):
    """Links to the same page in each language."""

    library = f"$/public{_reader}"
    tag = "LanguageSwitch"
    label: rx.Var[str]
    here: rx.Var[str]
    choices: rx.Var[list[dict[str, str]]]


def desk(content: rx.Component, signs: Signs, here: str) -> rx.Component:
    """Return a working page: navigation beside it, who is signed in above it."""
    is_setting = any(_is_here(place, here) for place in SETTINGS)
    return rx.el.div(
        WorkStyles.create(),
        skip_link(),
        _places(signs, SETTINGS[0].path if is_setting else here),
        rx.el.div(
            rx.el.header(
                connection(),
                rx.el.details(
                    rx.el.summary(icon("person"), rx.el.span(signs.person), aria_label="Account"),
                    rx.el.div(
                        rx.el.a("My account", href="/account/"),
                        forms.sign_out_button(),
                        forms.sign_out_button(everywhere=True),
                        class_name="menu",
                    ),
                    class_name="account",
                ),
                class_name="top",
            ),
            rx.el.main(
                *([_settings(signs, here)] if is_setting else []),
                *([_qr_codes(signs, here)] if _covers(QR_CODES[0], here) else []),
                content,
                id="content",
                tab_index=-1,
            ),
            class_name="work",
        ),
        notice(),
        Menus.create(),
        class_name="desk",
    )


def public(content: rx.Component, signs: Signs, words: Language, route: str) -> rx.Component:
    """Return a page for everybody: one column, the brand above, nothing that the moment does not need."""
    return rx.el.div(
        HtmlLanguage.create(language=words.tag, direction=words.direction),
        skip_link(words),
        rx.el.header(
            _brand(signs, words),
            rx.el.nav(
                rx.cond(
                    signs.is_member,
                    rx.fragment(
                        rx.el.a(words("My cards"), href=words.at("/my/cards/")),
                        rx.el.a(
                            icon("star"),
                            rx.el.span(words("My points")),
                            href=words.at("/my/points/"),
                            title=words("My points"),
                            class_name="to-points",
                        ),
                    ),
                ),
                rx.cond(
                    signs.is_signed_in,
                    rx.fragment(
                        rx.cond(~signs.is_member, rx.el.a(words("Work"), href=signs.home)),
                        rx.el.details(
                            rx.el.summary(icon("person"), aria_label=words("Account"), title=words("Account")),
                            rx.el.div(
                                rx.el.a(
                                    words("My account"),
                                    href=words.at("/account/"),
                                    custom_attrs={"data-closes": "true"},
                                ),
                                forms.sign_out_button(words),
                                class_name="menu",
                            ),
                            class_name="account",
                        ),
                        Menus.create(),
                    ),
                ),
                aria_label=words("Account"),
            ),
            class_name="public-top",
        ),
        rx.el.main(content, id="content", tab_index=-1, lang=words.tag, dir=words.direction),
        rx.el.footer(signs.program, _language_switch(words, route), connection(words)),
        notice(words),
        class_name="public",
        custom_attrs={"data-themed": signs.theme.length() > 0},
        style=signs.theme,
        lang=words.tag,
        dir=words.direction,
    )


def title_line(title: str | rx.Var[str], *actions: rx.Component, lead: str | rx.Var[str] = "") -> rx.Component:
    """Return a page's head: its name, one sentence, and its main action."""
    return rx.el.div(
        rx.el.div(rx.el.h1(title), rx.cond(lead, rx.el.p(lead, class_name="lead"), rx.fragment())),
        rx.el.div(*actions, class_name="actions"),
        class_name="title-line",
    )


def empty(title: str, sentence: str | rx.Var[str], *actions: rx.Component) -> rx.Component:
    """Return what stands where there is nothing yet: what this is for, and the first step."""
    return rx.el.div(rx.el.h2(title), rx.el.p(sentence), *actions, class_name="empty")


def page_of(noun: str, state: Any, back: rx.Component, *content: rx.Component) -> rx.Component:
    """Return the page of one thing: while it is read, if it does not exist, and as it is."""
    return rx.cond(
        state.is_loaded,
        rx.cond(
            state.is_missing,
            empty(f"This {noun} does not exist", "It was deleted, or the address is not right.", back),
            rx.fragment(*content),
        ),
        rx.el.div(class_name="skeleton tall", aria_busy="true"),
    )


is_connected = ~has_connection_errors
"""Whether the page hears from the server, as far as its websocket knows."""


def show_dialog(dialog: str) -> rx.event.EventSpec:
    """Open a dialog of the page; the focus moves into it."""
    return rx.call_function(f"() => document.getElementById('{dialog}').showModal()")


def close_dialog(dialog: str) -> rx.event.EventSpec:
    """Close a dialog of the page; the focus goes back to where it came from."""
    return rx.call_function(f"() => document.getElementById('{dialog}').close()")


def connection(words: Language = ENGLISH) -> rx.Component:
    """Return the dot that tells whether what is shown is fresh."""
    return rx.el.p(
        rx.cond(
            has_connection_errors,
            rx.el.span(icon("offline"), words("Connection lost, trying again"), class_name="connection lost"),
            rx.el.span(rx.el.span(class_name="dot"), words("Live"), class_name="connection"),
        ),
        # Before, the page is the one that was built: what is clicked or typed there would be lost.
        custom_attrs={"data-live": rx.cond(has_connection_errors, "lost", rx.State.is_hydrated)},
        role="status",
    )


def notice(words: Language = ENGLISH) -> rx.Component:
    """Return the sentence at the foot of the screen."""
    return rx.el.div(
        rx.cond(
            NoticeState.notice,
            rx.el.div(
                rx.el.p(NoticeState.notice),
                rx.el.button(words("Dismiss"), type="button", on_click=NoticeState.dismiss, class_name="button quiet"),
                class_name=rx.cond(NoticeState.is_problem, "notice bad", "notice"),
            ),
        ),
        aria_live="polite",
        class_name="notice-place",
    )


def skip_link(words: Language = ENGLISH) -> rx.Component:
    """Return the first stop of the keyboard."""
    return SkipLink.create(words=words("Skip to content"))


def _language_switch(words: Language, route: str) -> rx.Component:
    # A page that stands in a file is served at its address with a slash.
    address = route if "[" in route else route.rstrip("/") + "/"
    choices = [{"tag": one.tag, "name": one.name, "path": one.at(address)} for one in LANGUAGES]
    return LanguageSwitch.create(label=words("Language"), here=words.tag, choices=choices)


def _brand(signs: Signs, words: Language = ENGLISH) -> rx.Component:
    # Until the name is here the link has one of its own, or a screen reader would meet a link without words.
    return rx.el.a(
        rx.cond(signs.logo, rx.el.img(src=signs.logo, alt="", class_name="logo", height="32"), rx.fragment()),
        rx.el.span(signs.program),
        href=words.at("/"),
        class_name="brand",
        aria_label=rx.cond(signs.program, signs.program, words("Home")),
    )


def _settings(signs: Signs, here: str) -> rx.Component:
    def step(place: Place) -> str:
        return place.path.rstrip("/").rsplit("/", 1)[-1]

    entries = [rx.cond(signs.settings.contains(step(place)), _tab(place, here), rx.fragment()) for place in SETTINGS]
    return rx.el.nav(rx.el.ul(*entries), aria_label="Settings", class_name="sub-nav")


def _qr_codes(signs: Signs, here: str) -> rx.Component:
    listed, made = QR_CODES
    return rx.el.nav(
        rx.el.ul(_tab(listed, here), rx.cond(signs.may_manage, _tab(made, here), rx.fragment())),
        aria_label="QR codes",
        class_name="sub-nav",
    )


def _places(signs: Signs, here: str) -> rx.Component:
    left_to_more = rx.cond(signs.may_view_dashboard, "wide", "")  # for who has more than a phone has room for
    return rx.el.nav(
        _brand(signs),
        rx.el.ul(
            rx.cond(
                signs.may_view_dashboard,
                rx.fragment(
                    _entry(OVERVIEW, here),
                    rx.el.li(
                        rx.el.span("Partners & Promotions", id="promotions"),
                        rx.el.ul(
                            _entry(BATCHES, here),
                            *[_entry(place, here, class_name="wide") for place in PROMOTIONS if place != BATCHES],
                            aria_labelledby="promotions",
                        ),
                        class_name="group",
                    ),
                ),
            ),
            rx.cond(signs.may_view_redemptions, _entry(REDEMPTIONS, here)),
            rx.cond(signs.may_view_members, _entry(MEMBERS, here)),
            rx.cond(signs.may_scan, _entry(SCAN, here, class_name=left_to_more)),
            rx.cond(signs.settings.length() > 0, _entry(ALL_SETTINGS, here, class_name=left_to_more)),
            rx.cond(signs.may_view_dashboard, _more(signs, here)),
        ),
        class_name="side",
        aria_label="Main",
    )


def _more(signs: Signs, here: str) -> rx.Component:
    # A phone has room for four places: the others are hidden there, and stand in this menu, which only phones show.
    others = (*(place for place in PROMOTIONS if place != BATCHES), SCAN, ALL_SETTINGS)
    is_within = any(_is_nearest(place, here) for place in others)
    return rx.el.li(
        rx.el.details(
            rx.el.summary(icon("more"), rx.el.span("More"), **_current(is_here=is_within, what="true")),
            rx.el.ul(
                *[_entry(place, here, leaves=True) for place in others if place not in {SCAN, ALL_SETTINGS}],
                rx.cond(signs.may_scan, _entry(SCAN, here, leaves=True)),
                rx.cond(signs.settings.length() > 0, _entry(ALL_SETTINGS, here, leaves=True)),
                class_name="menu",
            ),
            class_name="actions-menu",
        ),
        class_name="narrow",
    )


def _tab(place: Place, here: str) -> rx.Component:
    return rx.el.li(rx.el.a(place.label, href=place.path, **_current(is_here=_is_here(place, here))))


def _entry(place: Place, here: str, *, leaves: bool = False, **props: Any) -> rx.Component:
    """Return the way to a place; one that leaves a menu closes it."""
    return rx.el.li(
        rx.el.a(
            icon(place.icon),
            rx.el.span(place.label),
            href=place.path,
            custom_attrs={"data-closes": "true"} if leaves else {},
            **_current(is_here=_is_nearest(place, here)),
        ),
        **props,
    )


def _current(*, is_here: bool, what: str = "page") -> dict[str, Any]:
    return {"aria_current": what} if is_here else {}


def _is_nearest(place: Place, here: str) -> bool:
    """Return whether a page lies at the place or below it, and below none that is nearer."""
    nearer = (one for one in PROMOTIONS if one != place and one.path.startswith(place.path))
    return _covers(place, here) and not any(_covers(one, here) for one in nearer)


def _is_here(place: Place, here: str) -> bool:
    return here.rstrip("/") == place.path.rstrip("/")


def _covers(place: Place, here: str) -> bool:
    """Return whether a page lies at the place or below it; below the overview lies everything, so nothing does."""
    return _is_here(place, here) or (place != OVERVIEW and here.startswith(place.path))
