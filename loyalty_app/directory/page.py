"""The list of members, and the page of one."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.directory.state import (
    ActiveState,
    AdjustmentState,
    EntryRow,
    EraseState,
    EventRow,
    KindLink,
    MemberRow,
    MembersState,
    MemberState,
    RedemptionRow,
    ReversalState,
    VoucherRow,
)
from loyalty_app.ui.actions import file_link
from loyalty_app.ui.charts import ranges, ranking
from loyalty_app.ui.dialogs import Confirmation, confirmation
from loyalty_app.ui.forms import FormWatch, field, options, spinning, submit
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import close_dialog, empty, show_dialog, title_line

ADJUST = "adjust-dialog"
REVERSE = "reverse-dialog"
ERASE = "erase-dialog"


def members_page() -> rx.Component:
    """Find a member, and see what they have."""
    state = MembersState
    return rx.fragment(
        title_line("Members", lead="Everybody who joined, the newest first. Their points are live."),
        rx.cond(
            state.is_loaded,
            rx.fragment(
                _search(),
                rx.cond(
                    state.rows.length() > 0,
                    rx.fragment(_members(), _pages(state.first_page, state.next_page, "Pages")),
                    _nobody(),
                ),
                rx.cond(~state.is_erased & (state.text == ""), _most_active()),
                rx.el.p(
                    rx.el.a(rx.cond(state.is_erased, "Show all members", "Show erased members"), href=state.other),
                    class_name="quiet",
                ),
            ),
            rx.el.div(class_name="skeleton tall", aria_busy="true"),
        ),
    )


def _most_active() -> rx.Component:
    state = ActiveState
    return rx.el.section(
        rx.el.div(rx.el.h2("Most active members"), ranges(state.ranges), class_name="card-head"),
        rx.cond(
            state.ranks.length() > 0,
            ranking(state.ranks, "Redemptions of each member"),
            rx.el.p("Nobody has redeemed anything in this time.", class_name="quiet"),
        ),
        rx.el.p(
            f"Redemptions recorded in the last {state.days} days; undone ones and goodwill do not count.",
            class_name="quiet",
        ),
        class_name="card",
    )


def _nobody() -> rx.Component:
    state = MembersState
    return rx.cond(
        state.is_erased,
        empty("Nobody was erased", "Who asks to be forgotten is erased on their own page."),
        rx.cond(
            state.text,
            empty(
                "No member fits",
                "Try a shorter part of the name, the address or the phone number.",
                rx.el.a("Show everybody", href="/admin/members/", class_name="button"),
            ),
            empty(
                "No members yet",
                "Who signs up is here at once. Share a claim link or hand out printed codes.",
            ),
        ),
    )


def member_page() -> rx.Component:
    """Show one member: who they are, their points and how they came to be, their vouchers and redemptions."""
    state = MemberState
    return rx.cond(
        state.is_loaded,
        rx.cond(
            state.is_missing,
            empty(
                "This member does not exist",
                "The address is not right.",
                rx.el.a("All members", href="/admin/members/", class_name="button"),
            ),
            rx.fragment(
                _title(),
                _events(),
                _ledger(),
                _redemptions(),
                _vouchers(),
                rx.cond(state.may_adjust, _adjust_dialog()),
                rx.cond(state.may_erase, _erase_dialog()),
                rx.cond(state.may_reverse, _reverse_dialog()),
            ),
        ),
        rx.el.div(class_name="skeleton tall", aria_busy="true"),
    )


def _search() -> rx.Component:
    return rx.el.form(
        rx.el.div(
            rx.el.label("Name, address or phone", html_for="q"),
            rx.el.input(
                id="q", name="q", type="search", default_value=MembersState.text, max_length=80, auto_complete="off"
            ),
            class_name="field",
        ),
        rx.el.button("Search", type="submit", class_name="button primary"),
        on_submit=MembersState.search,
        class_name="search one",
        role="search",
        key=MembersState.text,
    )


def _members() -> rx.Component:
    return _table(("Name", "Address", "Phone", "Joined", "Points"), rx.foreach(MembersState.rows, _member))


def _member(row: ObjectVar[MemberRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(rx.el.a(row.name, href=f"/admin/members/{row.id}"), class_name="loose", custom_attrs=_label("Name")),
        rx.el.td(row.email, class_name="loose", custom_attrs=_label("Address")),
        rx.el.td(row.phone, class_name="tight", custom_attrs=_label("Phone")),
        rx.el.td(row.joined, class_name="tight", custom_attrs=_label("Joined")),
        rx.el.td(
            rx.el.span(row.points, key=row.points, class_name="live"),
            class_name="figure",
            custom_attrs=_label("Points"),
        ),
        key=row.id,
    )


def _title() -> rx.Component:
    member = MemberState.member
    return rx.fragment(
        title_line(
            member.name,
            rx.el.a("All members", href="/admin/members/", class_name="button"),
            rx.cond(
                MemberState.may_erase,
                rx.fragment(
                    file_link("Export data", MemberState.file),
                    rx.el.button(
                        "Erase member",
                        type="button",
                        on_click=[EraseState.ask, show_dialog(ERASE)],
                        class_name="button",
                    ),
                ),
            ),
            rx.cond(
                MemberState.may_adjust,
                rx.el.button(
                    "Adjust points",
                    type="button",
                    id="adjust-points",
                    on_click=[AdjustmentState.ask, show_dialog(ADJUST)],
                    class_name="button primary",
                ),
            ),
        ),
        rx.el.ul(
            rx.cond(~member.is_erased, rx.el.li(member.email, dir="ltr")),
            rx.cond(member.phone, rx.el.li(member.phone, dir="ltr")),
            rx.el.li(member.joined),
            rx.cond(~member.is_erased, rx.el.li(member.account)),
            class_name="facts",
            aria_label="About this member",
        ),
        rx.el.dl(
            rx.el.div(
                rx.el.dt("Points"),
                rx.el.dd(
                    rx.el.span(member.points, key=member.points, class_name="live"),
                    rx.el.small(
                        rx.cond(
                            member.is_below,
                            "owed: redemptions were undone after their points were used",
                            "the sum of the ledger",
                        )
                    ),
                ),
                class_name="card tile",
            ),
            class_name="tiles",
        ),
    )


def _events() -> rx.Component:
    state = MemberState
    return _section(
        "History",
        (state.events.length() > 0) | (state.kind != ""),
        "Nothing yet. What they claim, redeem and are refused appears here by itself.",
        rx.el.nav(rx.foreach(state.kinds, _kind), class_name="ranges kinds", aria_label="What to show"),
        rx.cond(
            state.events.length() > 0,
            rx.el.ol(rx.foreach(state.events, _event), class_name="timeline"),
            rx.el.p("Nothing of this kind yet.", class_name="quiet"),
        ),
        _pages(state.newest_events, state.older_events, "Pages of the history"),
    )


def _kind(link: ObjectVar[KindLink]) -> rx.Component:
    return rx.el.a(link.words, href=link.href, aria_current=rx.cond(link.is_here, "true", "false"), key=link.words)


def _event(row: ObjectVar[EventRow]) -> rx.Component:
    return rx.el.li(
        rx.match(
            row.kind,
            ("claim", icon("ticket")),
            ("refusal", icon("cross")),
            ("reversal", icon("back")),
            ("points", icon("star")),
            icon("check"),
        ),
        rx.el.div(
            rx.el.p(
                rx.el.strong(row.what),
                rx.cond(row.title, rx.fragment(" · ", rx.el.bdi(row.title))),
                rx.cond(row.points, rx.el.span(row.points, " points", class_name="points")),
            ),
            rx.cond(row.note, rx.el.p(rx.el.bdi(row.note), class_name="why")),
            rx.el.p(
                rx.el.span(row.at),
                rx.cond(row.where, rx.el.span(rx.el.bdi(row.where))),
                rx.cond(row.staff, rx.el.span("by ", rx.el.bdi(row.staff))),
                rx.cond(
                    row.desk,
                    rx.el.a(row.code, href=row.desk, dir="ltr"),
                    rx.cond(row.code, rx.el.span(row.code, dir="ltr")),
                ),
                class_name="quiet told-by",
            ),
        ),
        key=row.spot,
        custom_attrs={"data-kind": row.kind},
    )


def _ledger() -> rx.Component:
    state = MemberState
    return _section(
        "Points",
        state.entries.length() > 0,
        "No points yet. A redeemed QR code or an adjustment is the first line here.",
        _table(("When", "What", "For", "By", "Points", "Balance"), rx.foreach(state.entries, _entry)),
        _pages(state.newest_entries, state.older_entries, "Pages of the ledger"),
    )


def _entry(row: ObjectVar[EntryRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.at, class_name="tight", custom_attrs=_label("When")),
        rx.el.td(row.kind, class_name="tight", custom_attrs=_label("What")),
        rx.el.td(row.title, class_name="loose", custom_attrs=_label("For")),
        rx.el.td(row.actor, class_name="loose", custom_attrs=_label("By")),
        rx.el.td(row.points, class_name="figure moved", custom_attrs=_label("Points") | {"data-minus": row.is_minus}),
        rx.el.td(row.balance, class_name="figure", custom_attrs=_label("Balance")),
        key=row.id,
    )


def _redemptions() -> rx.Component:
    state = MemberState
    return _section(
        "Redemptions",
        state.redemptions.length() > 0,
        "Nothing redeemed yet.",
        _table(("When", "What", "Code", "Points", "By", "Undone"), rx.foreach(state.redemptions, _redemption)),
        _pages(state.newest_redemptions, state.older_redemptions, "Pages of redemptions"),
    )


def _redemption(row: ObjectVar[RedemptionRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.at, class_name="tight", custom_attrs=_label("When")),
        rx.el.td(
            rx.el.a(row.title, href=row.batch),
            rx.foreach(row.told, lambda one: rx.el.div(one[0], ": ", rx.el.bdi(one[1]), class_name="quiet")),
            class_name="loose",
            custom_attrs=_label("What"),
        ),
        rx.el.td(rx.el.bdi(row.code), class_name="loose", custom_attrs=_label("Code")),
        rx.el.td(row.points, class_name="figure", custom_attrs=_label("Points")),
        rx.el.td(row.staff, class_name="loose", custom_attrs=_label("By")),
        rx.el.td(
            rx.cond(
                row.is_reversed,
                rx.el.span(row.reversed, class_name="quiet"),
                rx.cond(
                    MemberState.may_reverse,
                    rx.el.button(
                        "Undo",
                        type="button",
                        aria_label=f"Undo the redemption of {row.code}",
                        on_click=[ReversalState.ask(row.id), show_dialog(REVERSE)],
                        class_name="button",
                    ),
                    "No",
                ),
            ),
            class_name="loose",
            custom_attrs=_label("Undone"),
        ),
        key=row.id,
    )


def _vouchers() -> rx.Component:
    state = MemberState
    return _section(
        "Vouchers",
        state.vouchers.length() > 0,
        "No vouchers claimed yet.",
        _table(("Voucher", "Code", "Claimed", "Standing"), rx.foreach(state.vouchers, _voucher)),
        _pages(state.newest_vouchers, state.older_vouchers, "Pages of vouchers"),
    )


def _voucher(row: ObjectVar[VoucherRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.title, class_name="loose", custom_attrs=_label("Voucher")),
        rx.el.td(rx.el.bdi(row.code), class_name="loose", custom_attrs=_label("Code")),
        rx.el.td(row.claimed, class_name="tight", custom_attrs=_label("Claimed")),
        rx.el.td(rx.el.strong(row.standing), rx.el.p(row.note, class_name="quiet"), custom_attrs=_label("Standing")),
        key=row.code,
        custom_attrs={"data-state": row.state},
    )


def _adjust_dialog() -> rx.Component:
    state = AdjustmentState
    return rx.el.dialog(
        rx.el.h2("Adjust points"),
        rx.el.form(
            rx.el.input(type="hidden", name="turn", value=state.turn),
            field("direction", "What to do", options(("add", "Add points"), ("take", "Take points away"))),
            field(
                "points",
                "Points",
                problems=state.problems,
                input_mode="numeric",
                auto_complete="off",
                max_length=9,
            ),
            field(
                "reason",
                "Reason",
                help_text="The member reads it too.",
                problems=state.problems,
                auto_complete="off",
                max_length=80,
            ),
            rx.el.p(
                state.preview,
                role="status",
                class_name=rx.cond(state.is_too_low, "odds weak", "odds"),
            ),
            rx.el.div(
                rx.el.button("Cancel", type="button", on_click=close_dialog(ADJUST), class_name="button"),
                submit("Adjust points"),
                class_name="actions",
            ),
            FormWatch.create(on_typed=state.watch),
            on_submit=state.adjust,
            class_name="form",
            no_validate=True,
        ),
        id=ADJUST,
        class_name="dialog",
        aria_label="Adjust points",
        key=state.turn,
    )


def _erase_dialog() -> rx.Component:
    state = EraseState
    return rx.el.dialog(
        rx.el.h2("Erase ", rx.el.bdi(state.doomed)),
        rx.el.p("There is no way back."),
        rx.el.ul(rx.foreach(state.facts, rx.el.li), class_name="told"),
        rx.el.div(
            rx.el.p("They may want their data as a file first.", class_name="quiet"),
            file_link("Export data", state.file),
            class_name="aside",
        ),
        confirmation(
            ERASE,
            Confirmation(
                thing=state.doomed_id,
                name="typed_name",
                label="Type the name of the member to erase them",
                longest=200,
                fits=state.fits,
                fits_words="The name fits.",
                missing_words=f"Erase works once you have typed: {state.doomed}",
                problem=state.problem,
                type=state.type_name,
                keep="Keep member",
                act_words="Erase",
                act=state.erase,
                busy=state.busy,
            ),
        ),
        id=ERASE,
        class_name="dialog",
        aria_label="Erase member",
        key=state.turn,
    )


def _reverse_dialog() -> rx.Component:
    state = ReversalState
    return rx.el.dialog(
        rx.el.h2("Undo this redemption?"),
        rx.el.ul(rx.foreach(state.facts, rx.el.li), class_name="told"),
        rx.el.form(
            field("why", "Reason", problems=state.problems, auto_complete="off", max_length=200),
            rx.el.div(
                rx.el.button("Keep it", type="button", on_click=close_dialog(REVERSE), class_name="button"),
                spinning(
                    "Undo",
                    type="submit",
                    class_name="button danger",
                ),
                class_name="actions",
            ),
            on_submit=state.reverse,
            class_name="form",
            no_validate=True,
        ),
        id=REVERSE,
        class_name="dialog",
        aria_label="Undo a redemption",
        key=state.turn,
    )


def _section(title: str, has_rows: rx.Var[bool], without: str, *content: rx.Component) -> rx.Component:
    return rx.el.section(
        rx.el.h2(title),
        rx.cond(has_rows, rx.fragment(*content), rx.el.p(without, class_name="quiet")),
        id=f"member-{title.lower()}",
        tab_index=-1,
        class_name="card listing",
    )


def _table(heads: tuple[str, ...], rows: rx.Component) -> rx.Component:
    return rx.el.table(rx.el.thead(rx.el.tr(*[_head(words) for words in heads])), rx.el.tbody(rows), class_name="rows")


def _head(words: str) -> rx.Component:
    return rx.el.th(words, scope="col", class_name="figure" if words in {"Points", "Balance"} else "")


def _pages(newest: rx.Var[str], older: rx.Var[str], label: str) -> rx.Component:
    return rx.cond(
        (newest != "") | (older != ""),
        rx.el.nav(
            rx.cond(newest, rx.el.a("Newest", href=newest, class_name="button")),
            rx.cond(older, rx.el.a("Older", href=older, class_name="button")),
            aria_label=label,
            class_name="pages",
        ),
    )


def _label(words: str) -> dict[str, str | rx.Var[bool]]:
    return {"data-label": words}
