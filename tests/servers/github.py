"""A loopback GitHub: issues, comments, dispatches and App tokens, as strict as its REST documentation.

It renders what it gets. What would mention somebody, refer to anything, load an image or break a limit is refused.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from markdown_it import MarkdownIt

from tests.servers.http_sink import HttpSink, Reply
from tocsin import clock

if TYPE_CHECKING:
    from tests.servers.http_sink import Seen

TOKEN = "github_pat_11ABCDEFG0s3cretS3cretS3cret"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
REFERENCES = (
    re.compile(r"(?<![\w`])@[A-Za-z0-9]"),
    re.compile(r"(?<!\w)#[0-9]"),
    re.compile(r"\bGH-[0-9]", re.IGNORECASE),
    re.compile(r"[\w.-]+/[\w.-]+#[0-9]"),
    re.compile(r"\b(?=[0-9]*[a-f])[0-9a-f]{7,40}\b"),
    re.compile(r"(?:https?|ftp)://|\bwww\."),
    re.compile(r":(?:100|1234|[\w+-]*[A-Za-z+-][\w+-]*):"),
)
TRACES = re.compile(r"https?://(?:www\.)?github\.com/[^/]+/[^/]+/(?:issues|pull|discussions|commit)/")
_HIDDEN = re.compile(r"<!--.*?-->", re.DOTALL)
_parser = MarkdownIt("gfm-like", {"html": True, "linkify": False, "breaks": True})
OURS = {"<span>", "</span>"}


class RefusedByGitHub(AssertionError):
    """GitHub would refuse it, or make of it what nobody wrote."""


def need(kept: object, told: str) -> None:
    if not kept:
        raise RefusedByGitHub(told)


def shown_markdown(text: str) -> str:
    """What a reader sees of a body; raises for what an event may not bring in."""
    lines = []
    for token in _parser.parse(_HIDDEN.sub("", text)):
        need(token.type != "html_block", f"HTML: {token.content[:200]!r}")
        need(token.type != "table_open", "a table")
        if token.type == "inline":
            need(not re.match(r"\[[ xX]\]\s", token.content), f"a task: {token.content[:100]!r}")
            lines.append(_shown_inline(token.children or []))
        elif token.type in ("fence", "code_block"):
            need(token.type == "fence" and not token.info, "code that nobody fenced")
            lines.append(token.content)
    return "\n".join(lines)


def _shown_inline(children: list[Any]) -> str:
    shown, judged = "", ""
    for child in children:
        if child.type == "link_open":
            need(re.match(r"(?:https?://|mailto:)", child.attrs["href"]), f"a link to {child.attrs['href']}")
            need(not TRACES.match(child.attrs["href"]), f"a backlink at {child.attrs['href']}")
        need(child.type != "image", "an image")
        need(child.type != "html_inline" or child.content in OURS, f"HTML: {child.content}")
        text = "\n" if child.type in ("softbreak", "hardbreak") else child.content
        shown += "" if child.type == "html_inline" else text
        judged += " " if child.type in ("code_inline", "html_inline") else text
    need("$" not in judged.replace(" $ ", ""), f"mathematics: {judged[:200]!r}")
    refuse_references(judged)
    return shown


def refuse_references(text: str) -> None:
    """Raise for text of which GitHub makes a mention or a reference."""
    for pattern in REFERENCES:
        need(not (found := pattern.search(text)), f"a reference: {found and found[0]!r} in {text[:200]!r}")


def shown_issue(payload: dict[str, Any]) -> str:
    """Title and body of an issue, or the body of a comment, judged by GitHub's limits."""
    title = payload.get("title", "")
    need(len(title) <= 256, f"a title of {len(title)} characters")
    refuse_references(title)
    need(len(payload["body"]) <= 65_536, "body is too long (maximum is 65536 characters)")
    return "\n".join(filter(None, (title, shown_markdown(payload["body"]))))


def as_json(status: int, value: object, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(value).encode(), headers or {})


def error(status: int, message: str, **more: Any) -> Reply:
    return as_json(status, {"message": message, "documentation_url": "https://docs.github.com/rest", **more})


class GitHub:
    """`with GitHub() as github:`; `github.issues` is what the repository shows, by number."""

    def __init__(self) -> None:
        self.sink = HttpSink(self._answer)
        self.issues: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.dispatches: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.refused: list[str] = []
        self.answers: list[Reply | None] = []
        """For the next requests in turn; None for what GitHub would answer."""
        self.lost: set[str] = set()
        """Calls that are carried out, once, and whose answer is lost on its way."""
        self.tokens = {TOKEN}
        self.repository = "acme/web"
        self.given = 0
        """How many tokens the App was given."""

    @property
    def api_url(self) -> str:
        return self.sink.url + "api/v3"

    def __enter__(self) -> Self:
        self.sink.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.sink.__exit__(*exc)

    def shown(self, number: int) -> str:
        return shown_issue(self.issues[number])

    def said(self, number: int) -> list[str]:
        """What the comments on an issue show."""
        return [shown_issue(comment) for comment in self.comments.get(number, [])]

    def close(self, number: int, reason: str = "completed", ago: timedelta = timedelta()) -> None:
        """Close an issue by hand."""
        self.issues[number] |= {
            "state": "closed",
            "state_reason": reason,
            "closed_at": _time(clock.now() - ago),
        }

    def _answer(self, seen: Seen) -> Reply:
        url = urlsplit(seen.path)
        path = url.path.removeprefix("/api/v3/").removeprefix(f"repos/{self.repository}/")
        call = f"{seen.method} {path}"
        self.calls.append(call)
        if self.answers and (scripted := self.answers.pop(0)):
            return scripted
        try:
            reply = self._checked(seen, path) or self._carried_out(seen, path, parse_qs(url.query))
        except RefusedByGitHub as refusal:
            self.refused.append(str(refusal))
            reply = error(
                422,
                "Validation Failed",
                errors=[{"field": "body", "code": "custom", "message": str(refusal)}],
            )
        if call in self.lost:
            self.lost.discard(call)
            return Reply(502)
        return reply

    def _checked(self, seen: Seen, path: str) -> Reply | None:
        need(seen.headers["accept"] == "application/vnd.github+json", "the media type")
        need(seen.headers["x-github-api-version"] == "2022-11-28", "the version")
        if not seen.headers.get("user-agent"):
            return error(403, "Request forbidden by administrative rules.")
        token = seen.headers.get("authorization", "").removeprefix("Bearer ")
        if path.startswith("app/"):
            return None if _is_signed(token) else error(401, "A JSON web token could not be decoded")
        if token not in self.tokens:
            return error(401, "Bad credentials")
        return error(404, "Not Found") if path.startswith("repos/") else None

    def _carried_out(self, seen: Seen, path: str, query: dict[str, list[str]]) -> Reply:
        body = json.loads(seen.body) if seen.body else {}
        known = {
            "POST app/installations/7/access_tokens": self._token,
            "POST dispatches": lambda: self._dispatch(body),
            "POST issues": lambda: self._create(body),
            "GET issues": lambda: self._list(query),
        }
        if (call := known.get(f"{seen.method} {path}")) is not None:
            return call()
        found = re.fullmatch(r"issues/(\d+)(/comments)?", path)
        number = int(found[1]) if found else 0
        if not found or number not in self.issues:
            return error(404, "Not Found")
        return (
            self._comments(seen.method, number, body, query)
            if found[2]
            else self._one(seen.method, number, body)
        )

    def _token(self) -> Reply:
        self.given += 1
        token = f"ghs_1nstallati0n{self.given}"
        self.tokens.add(token)
        return as_json(201, {"token": token, "expires_at": _time(clock.now() + timedelta(hours=1))})

    def _create(self, body: dict[str, Any]) -> Reply:
        need(set(body) <= {"title", "body", "labels"} and body["title"], "fields of an issue")
        shown_issue(body)
        number, now = len(self.issues) + 1, _time(clock.now())
        made = {"number": number, "state": "open", "state_reason": None, "closed_at": None}
        self.issues[number] = body | made | {"created_at": now, "updated_at": now}
        return as_json(201, self.issues[number])

    def _one(self, method: str, number: int, body: dict[str, Any]) -> Reply:
        if method == "PATCH":
            self._change(number, body)
        return as_json(200, self.issues[number])

    def _change(self, number: int, body: dict[str, Any]) -> None:
        need(
            set(body) <= {"state", "state_reason"} and body["state"] in ("open", "closed"),
            "fields of a change",
        )
        need(body.get("state_reason", "completed") in ("completed", "not_planned", "reopened"), "a reason")
        if body["state"] == "closed":
            self.close(number, body["state_reason"])
        else:
            self.issues[number] |= {"state": "open", "state_reason": "reopened", "closed_at": None}
        self.issues[number]["updated_at"] = _time(clock.now())

    def _comments(self, method: str, number: int, body: dict[str, Any], query: dict[str, list[str]]) -> Reply:
        said = self.comments.setdefault(number, [])
        if method == "GET":
            return self._page([one for one in said if one["updated_at"] >= query["since"][0]], query)
        need(set(body) == {"body"}, "fields of a comment")
        shown_issue(body)
        said.append(body | {"id": 1000 + len(said), "updated_at": _time(clock.now())})
        self.issues[number]["updated_at"] = said[-1]["updated_at"]
        return as_json(201, said[-1])

    def _list(self, query: dict[str, list[str]]) -> Reply:
        need(query["state"][0] in ("open", "all") and query["direction"] == ["desc"], "the order of a list")
        since = query.get("since", [""])[0]
        found = [one for one in self.issues.values() if query["state"] == ["all"] or one["state"] == "open"]
        found = [one for one in found if one["updated_at"] >= since]
        return self._page(sorted(found, key=lambda one: one["number"], reverse=True), query)

    def _page(self, found: list[dict[str, Any]], query: dict[str, list[str]]) -> Reply:
        size, page = int(query["per_page"][0]), int(query["page"][0])
        need(size <= 100, "per_page")
        headers = {"link": '<https://x/?page=2>; rel="next"'} if len(found) > page * size else {}
        return as_json(200, found[(page - 1) * size : page * size], headers)

    def _dispatch(self, body: dict[str, Any]) -> Reply:
        refuse_dispatch(body)
        self.dispatches.append(body)
        return Reply(204)


def refuse_dispatch(body: dict[str, Any]) -> None:
    """Raise for a dispatch that GitHub refuses."""
    need(set(body) <= {"event_type", "client_payload"}, "fields of a dispatch")
    need(0 < len(body["event_type"]) <= 100, "event_type")
    need(len(body["client_payload"]) <= 10, "No more than 10 properties are allowed")
    need(
        len(json.dumps(body["client_payload"], ensure_ascii=False).encode()) < 65_535,
        "client_payload is too large",
    )


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _is_signed(token: str) -> bool:
    """Whether a JWT is the App's, and of a time that GitHub takes."""
    try:
        said, signature = token.rsplit(".", 1)
        KEY.public_key().verify(_decoded(signature), said.encode(), padding.PKCS1v15(), SHA256())
        header, claims = (json.loads(_decoded(part)) for part in said.split("."))
    except (ValueError, InvalidSignature):
        return False
    now = clock.now().timestamp()
    in_time = claims["iat"] <= now < claims["exp"] <= now + 600
    return header["alg"] == "RS256" and claims["iss"] == "4711" and in_time


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
