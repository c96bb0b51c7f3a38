"""Twilio on the loopback: its API, handsets behind it, and a will of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

import anyio

from smskit.clock import Clock, SystemClock
from smskit.errors import UsageError
from smskit.testing.carriers.behaving import Behaviour, Script, Without
from smskit.testing.carriers.server import Request, Response, post_here, serving
from smskit.testing.carriers.twilio.account import Account, Taken, refusal
from smskit.testing.carriers.twilio.callbacks import Callback, Callbacks, Post, new_sid, news_of, text_from
from smskit.testing.carriers.twilio.handsets import Handset, Media, OptOuts, keyword_in
from smskit.testing.carriers.twilio.media import MediaStore


class TwilioLookalike:
    """Twilio, for the time of an `async with`: point the app's Twilio at `base_url`.

    It takes every text until it is told otherwise: for the next `times` texts, after what it was told before, or from
    now on. `messages` is its book: the texts it took, whatever it said to the app. `attempts` counts all that it was
    handed, and `silent` those that wait for an answer.

    Texts from handsets go to `webhook_url`, and news of a text to the `StatusCallback` it came with, which waits in
    `due` until `deliver`. They are signed for the URL up to a `#`, and posted over plain HTTP to this machine;
    a `post` of your own can take them elsewhere, straight into an ASGI app for one.

    `media` keeps what comes with texts from handsets, and says what is done when the app asks for it.

    `services` are messaging services, each with the one number in it. They have Advanced Opt-Out.
    """

    def __init__(
        self,
        *,
        account_sid: str = f"AC{'0' * 32}",
        auth_token: str = "made-up token",  # noqa: S107 - it opens nothing
        api_key: tuple[str, str] | None = None,
        services: Mapping[str, str] | None = None,
        webhook_url: str | None = None,
        clock: Clock | None = None,
        post: Post = post_here,
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.base_url = ""
        self.webhook_url = webhook_url
        self.messages: list[Taken] = []
        self.attempts = 0
        self.silent = 0
        self._account = Account(
            sid=account_sid, auth_token=auth_token, api_key=api_key, services=services or {}
        )
        self._clock = clock or SystemClock()
        self.media = MediaStore(self._account, self._keep_silent)
        self._callbacks = Callbacks(self._account, post)
        self._script = Script()
        self._handsets: dict[str, Handset] = {}
        self._opt_outs = OptOuts()
        self._broken = anyio.Event()
        self._changed = anyio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.media.storage_url = await self._stack.enter_async_context(serving(self.media.give))
        self.base_url = await self._stack.enter_async_context(serving(self._answer))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, trace)

    def handset(self, number: str) -> Handset:
        """The phone with this number, as `+` and digits."""
        return self._handsets.setdefault(number, Handset(number, self._text_in))

    def behave(self, *, times: int | None = None) -> None:
        """Take texts, as at first."""
        self._script.add(Behaviour(), times)

    def refuse(self, code: str, *, status: int = 400, times: int | None = None) -> None:
        """Refuse texts, with an error code of Twilio's."""
        self._script.add(Behaviour(takes=False, says=refusal(code, status)), times)

    def throttle(self, *, retry_after: int | None = None, times: int | None = None) -> None:
        """Say that there are too many requests, and for how many seconds to wait."""
        answer = refusal("20429", 429, retry_after=retry_after)
        self._script.add(Behaviour(takes=False, says=answer), times)

    def stumble(self, status: int = 500, *, after_accepting: bool = False, times: int | None = None) -> None:
        """Answer with a fault of Twilio's own, after or without taking the text."""
        self._script.add(Behaviour(takes=after_accepting, says=refusal("20500", status)), times)

    def hang_up(self, *, after_accepting: bool = False, times: int | None = None) -> None:
        """Close the connection instead of answering, after or without taking the text."""
        self._script.add(Behaviour(takes=after_accepting, says=Without.HANGING_UP), times)

    def fall_silent(self, *, after_accepting: bool = False, times: int | None = None) -> None:
        """Keep requests waiting until `break_silence`, after or without taking the text."""
        self._script.add(Behaviour(takes=after_accepting, says=Without.SILENT), times)

    def break_silence(self) -> None:
        """Answer the requests that wait, and first take their texts if that is not done."""
        self._broken.set()
        self._broken = anyio.Event()

    async def until(self, condition: Callable[[], object]) -> None:
        """Return once the condition holds. It is asked whenever a text comes, and when a silence begins or ends."""
        while not condition():
            await self._changed.wait()

    @property
    def due(self) -> list[Callback]:
        """The callbacks to come, oldest first. The list may be changed."""
        return self._callbacks.due

    async def deliver(self, *statuses: str, repeat: int = 1, shuffle: int | None = None) -> list[int]:
        """Post the callbacks that are due, or those with these statuses, in order, and give the app's answers.

        They come as often as `repeat` says, one round after the other, or mixed by the seed `shuffle`. What is not
        answered with success stays due.
        """
        return await self._callbacks.deliver(statuses, repeat, shuffle)

    def lose(self, *statuses: str) -> None:
        """Forget the callbacks that are due, or those with these statuses."""
        self._callbacks.lose(statuses)

    async def _answer(self, request: Request) -> Response | None:
        if not self._account.admits(request.headers.get("authorization", "")):
            return refusal("20003", 401)
        asked = f"{request.method} {request.path}"
        if asked == f"POST {self._account.path}/Messages.json":
            return await self._handed_over(request)
        if asked == f"GET {self._account.path}.json":
            return self._account.describe()
        if asked == f"GET {self._account.path}/Messages.json":
            return self._account.listing(self.messages, request.target, self._clock.now())
        if request.method == "GET" and (found := self.media.answer(request.path)):
            return found
        return refusal("20404", 404)

    async def _handed_over(self, request: Request) -> Response | None:
        self.attempts += 1
        self._tell()
        behaviour = self._script.take()
        answer = await self._take(request) if behaviour.takes else None
        match behaviour.says:
            case Without.HANGING_UP:
                return None
            case Without.SILENT:
                return (answer or await self._take(request)) if await self._keep_silent(request) else None
            case said:
                return said or answer

    async def _keep_silent(self, request: Request) -> bool:
        self.silent += 1
        self._tell()
        try:
            return await request.outlasts(self._broken)
        finally:
            self.silent -= 1
            self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _take(self, request: Request) -> Response:
        pairs = parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True)
        form, media = dict(pairs), tuple(value for name, value in pairs if name == "MediaUrl")
        if fault := self._account.fault_in(form, media):
            return refusal(fault, 400)
        sender = self._account.sender_for(form)
        if self._opt_outs.has(form["To"], sender):
            return refusal("21610", 400)
        message = Taken(
            sid=new_sid("MM" if media else "SM"),
            to=form["To"],
            sender=sender,
            text=form.get("Body", ""),
            form=form,
            media=media,
        )
        self._book(message)
        return self._account.answer(message, self._clock.now())

    def _book(self, message: Taken) -> None:
        handset = self.handset(message.to)
        handset.get(message.text)
        self.messages.append(message)
        self.due.extend(news_of(message, self._account, handset))
        self._tell()

    async def _text_in(self, handset: str, to: str, text: str, media: Media) -> int:
        if self.webhook_url is None:
            raise UsageError("the look-alike has no `webhook_url` to bring texts to")
        heeded = to.startswith("+") or self._account.service_of(to)  # a short code alone is left to the app
        word = keyword_in(text) if heeded else None
        if reply := self._opt_outs.obey(word, handset, to):
            self.handset(handset).get(reply)
        sid = new_sid("MM" if media else "SM")
        callback = text_from(
            handset,
            self._account,
            self.webhook_url,
            to=to,
            text=text,
            word=word,
            sid=sid,
            media=[(self._keep(sid, content, kind), kind) for content, kind in media],
        )
        self.due.append(callback)
        return await self._callbacks.send(callback)

    def _keep(self, message: str, content: bytes, kind: str) -> str:
        path = f"{self._account.path}/Messages/{message}/Media/{new_sid('ME')}"
        self.media.keep(path, content, kind)
        return f"{self.base_url}{path}"
