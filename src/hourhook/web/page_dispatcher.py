"""Dispatch the pages of the app: find the session, run the page in a transaction, render it afterwards.

A page takes one read transaction; an action one write transaction, and a read before it that authenticates. Whoever is
not signed in is redirected to the sign-in page, and to ``/welcome`` while the server has no account.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request

from hourhook.domain import accounts, sessions
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import Query
from hourhook.domain.links import Links
from hourhook.domain.sessions import SessionMember
from hourhook.errors import FeatureNotIncluded, Forbidden, NotFound, ValidationFailed
from hourhook.http.asgi import Application
from hourhook.http.context import get_context
from hourhook.http.hash_queue import HashQueue
from hourhook.http.queries import parse_query_string
from hourhook.http.responses import Response, StreamedResponse
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction
from hourhook.web.assets import asset_path
from hourhook.web.auth.sign_in import PATH, sign_in_url
from hourhook.web.browser_cookies import ACCOUNT, MESSAGE, BrowserCookies, Message
from hourhook.web.display import Display
from hourhook.web.form_state import FormState, refused
from hourhook.web.forms import (
    MAX_APP_FORM_BYTES,
    MAX_APP_FORM_FIELDS,
    FormFields,
    is_cross_site,
    read_form,
    read_id,
)
from hourhook.web.frame import build_frame, csrf_field
from hourhook.web.pages import Action, Download, Page, Preparation, Redirect, View, group_by_path
from hourhook.web.rendering import APP_POLICY, app_fragments, app_page, encode_headers
from hourhook.web.responses import csrf_failed, other_account, page_route, redirect
from hourhook.web.session_cookies import SessionCookies
from hourhook.web.troubles import find_troubles

FRAGMENT_HEADER = "x-fragments"
# The live region of the frame.
TROUBLES = "troubles"
_MAX_FRAGMENTS = 8


class SignedOut(Exception):
    """The request has no session, or one that has ended."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The user who asks for a page: the current account of the session, and the others in it."""

    token: str
    member: SessionMember
    members: Sequence[SessionMember]
    display: Display


class PageDispatcher:
    """Runs the declared pages."""

    def __init__(
        self,
        database: Database,
        links: Links,
        dependencies: Dependencies,
        session_cookies: SessionCookies,
        browser_cookies: BrowserCookies,
        hashes: HashQueue,
    ) -> None:
        self._database = database
        self._links = links
        self._dependencies = dependencies
        self._session_cookies = session_cookies
        self._browser_cookies = browser_cookies
        self._hashes = hashes
        self._paths: dict[str, dict[str, Page]] = {}

    def routes(self, pages: Sequence[Page]) -> Mapping[str, Application]:
        self._paths = group_by_path(pages)
        handlers = {"GET": self._show, "POST": self._act}
        return {
            path: page_route(**{method: partial(handlers[method], page) for method, page in methods.items()})
            for path, methods in self._paths.items()
        }

    async def _show(self, page: Page, request: Request) -> Application:
        try:
            return await self._answer(page, request, FormState(), 200)
        except SignedOut:
            return await self._lead_in(request)

    async def _act(self, page: Page, request: Request) -> Application:
        try:
            visit = await self._database.read(self._find_visit, request)
        except SignedOut:
            return csrf_failed()
        if is_cross_site(request):
            return csrf_failed()
        fields = await read_form(request, MAX_APP_FORM_BYTES, MAX_APP_FORM_FIELDS)
        refusal = self._check_origin(visit, fields)
        if refusal is not None:
            return refusal
        require_page(page, visit.member)
        arguments = read_arguments(page, request)
        caller = visit.member.caller
        try:
            prepared = None
            if page.prepare is not None:
                preparation = Preparation(self._database, self._dependencies.keyring, caller, fields)
                prepared = await self._hashes.run(page.prepare, preparation)
            done = await self._database.write(
                caller.account_id, self._run_action, page, request, fields, prepared, arguments
            )
        except ValidationFailed as error:
            shown = self._paths[page.refused_on]["GET"]
            return await self._answer(shown, request, refused(fields, fields.lists, error), 422)
        return self._redirect(done)

    async def _answer(self, page: Page, request: Request, form: FormState, status: int) -> Application:
        result, values = await self._database.read(self._run_page, page, request, form)
        if isinstance(result, Redirect):
            return self._redirect(result)
        if isinstance(result, Download):
            return _download(result)
        headers = [self._browser_cookies.clear_message_header()] if MESSAGE in request.cookies else []
        fragments = _fragments(request)
        # In a thread, since a long table takes long to render.
        if fragments:
            return await asyncio.to_thread(app_fragments, page.template, values, fragments, status=status)
        return await asyncio.to_thread(app_page, page.template, values, status=status, headers=headers)

    def _run_page(
        self, tx: Transaction, page: Page, request: Request, form: FormState
    ) -> tuple[object, dict[str, object]]:
        visit = self._find_visit(tx, request)
        require_page(page, visit.member)
        get_context(request.scope).caller = visit.member.caller
        fragments = _fragments(request)
        # Pages show what was asked for, also where it is not UTF-8.
        query = Query.of(parse_query_string(request.scope["query_string"], errors="replace"))
        secret = None if fragments else self._browser_cookies.secret(request.cookies)
        view = View(
            tx,
            visit.member.caller,
            self._dependencies,
            query,
            visit.display,
            form,
            fragments,
            secret,
            self._paths,
            visit.token,
        )
        # What every page may ask for does not need the page.
        result = {} if fragments == [TROUBLES] else page.function(view, **read_arguments(page, request))
        if not isinstance(result, Mapping):
            return result, {}
        values = {**self.base_values(visit), "form": form, "query": query, **result}
        if not page.is_bare and not fragments:
            values["frame"] = self._frame(tx, visit, request, result)
        if not page.is_bare and (not fragments or TROUBLES in fragments):
            values["troubles"] = find_troubles(
                tx, visit.member.caller, visit.display, self._dependencies.alert_after_seconds
            )
        return result, values

    def _run_action(
        self,
        tx: Transaction,
        page: Page,
        request: Request,
        fields: FormFields,
        prepared: object,
        arguments: Mapping[str, Any],
    ) -> Redirect:
        # Again, since the session or the role may have changed before the account was locked.
        visit = self._find_visit(tx, request)
        if visit.member.caller.account_id != tx.account_id:
            raise NotFound
        require_page(page, visit.member)
        get_context(request.scope).caller = visit.member.caller
        action = Action(tx, visit.member.caller, self._dependencies, fields, visit.display, prepared, visit.token)
        done = page.function(action, **arguments)
        assert isinstance(done, Redirect)
        return done

    def _find_visit(self, tx: Transaction, request: Request) -> Visit:
        token = self._session_cookies.session_token(request)
        members = sessions.find_members(tx, token, self._links) if token else []
        if token is None or not members:
            raise SignedOut
        chosen = request.cookies.get(ACCOUNT)
        member = next((member for member in members if str(member.caller.account_id) == chosen), members[0])
        member.caller.require_unlocked()
        display = self._browser_cookies.display(
            request.cookies, tx.started_at, member.caller.time_zone, member.time_format, member.week_start
        )
        return Visit(token, member, members, display)

    def _frame(self, tx: Transaction, visit: Visit, request: Request, values: Mapping[str, Any]) -> object:
        message: Message | None = self._browser_cookies.message(request.cookies)
        return build_frame(
            tx,
            visit.member,
            visit.members,
            request.scope["path"],
            self._paths,
            message,
            visit.display,
            values.get("running"),
        )

    def base_values(self, visit: Visit) -> dict[str, object]:
        """Return what every template of the app may use."""
        return {
            "href": self._links.href,
            "asset": asset_path,
            "display": visit.display,
            "caller": visit.member.caller,
            "csrf": csrf_field(self._session_cookies.csrf_token(visit.token, visit.member.caller.account_id)),
            # For forms about the session itself: signing out, changing the account.
            "session_csrf": csrf_field(self._session_cookies.csrf_token(visit.token)),
        }

    def _check_origin(self, visit: Visit, fields: FormFields) -> Response | None:
        """Return the refusal of a form that was made for another session, or for another account of this one."""
        csrf_token = fields.get("csrf_token", "")
        for member in visit.members:
            if self._session_cookies.is_csrf_valid(visit.token, csrf_token, member.caller.account_id):
                if member is visit.member:
                    return None
                return other_account(member.user.account_name, visit.member.user.account_name)
        return csrf_failed()

    async def _lead_in(self, request: Request) -> Response:
        """Lead to the sign-in page, or to the first account of an empty server."""
        if request.headers.get(FRAGMENT_HEADER):
            # The script then loads the whole page.
            return Response(401)
        if not await self._database.read(accounts.any_exist):
            return redirect(self._links.href("/welcome"))
        path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
        target = f"{path}?{query}" if query else path
        return redirect(self._links.href(PATH if target == "/" else sign_in_url(target)))

    def _redirect(self, done: Redirect) -> Response:
        headers = [self._browser_cookies.set_header(name, value) for name, value in done.cookies.items()]
        if done.message is not None or done.secret is not None:
            message = Message(done.message or "", done.entry_id, self._browser_cookies.encrypt(done.secret))
            headers.append(self._browser_cookies.set_message_header(message))
        if done.ends_session:
            headers.append(self._session_cookies.clear_cookie_header())
        return redirect(self._links.href(done.path), headers=headers)


def require_page(page: Page, member: SessionMember) -> None:
    """Raise ``NotFound`` unless the page is there for this user."""
    try:
        member.caller.require_role(page.role)
        if page.feature is not None:
            member.caller.require_feature(page.feature)
    except (Forbidden, FeatureNotIncluded):
        raise NotFound from None


def read_arguments(page: Page, request: Request) -> dict[str, Any]:
    """Return the arguments of a page's function from the path; raises ``NotFound``."""
    found: dict[str, Any] = {}
    for name, kind in page.parameters.items():
        text = request.path_params[name]
        if kind is int:
            id = read_id(text)
            if id is None:
                raise NotFound
            found[name] = id
        else:
            if "\0" in text:
                raise NotFound
            found[name] = text
    return found


def _fragments(request: Request) -> list[str]:
    """Return the names of the live regions that a script asks for."""
    names = request.headers.get(FRAGMENT_HEADER, "").split()[:_MAX_FRAGMENTS]
    return [name for name in names if name.isidentifier()]


def _download(file: Download) -> Application:
    headers = encode_headers(
        [
            ("content-disposition", f'attachment; filename="{file.name}"'),
            ("cache-control", "no-store"),
            ("content-security-policy", APP_POLICY),
        ]
    )
    media_type = file.media_type.encode()
    if isinstance(file.content, bytes):
        return Response(200, file.content, headers, media_type)
    return StreamedResponse(file.content, headers, media_type)
