"""The webhooks of all drivers as a Django view, under ASGI and WSGI alike. It needs `smskit[django]`."""

from __future__ import annotations

from smskit._hosting import LIMIT, Background, target_of_environ, target_of_scope
from smskit.errors import MissingExtra
from smskit.kit import Kit

try:
    from asgiref.sync import markcoroutinefunction, sync_to_async
    from django.core.handlers.asgi import ASGIRequest
    from django.db import connections, transaction
    from django.http import HttpRequest, HttpResponse
except ModuleNotFoundError:
    raise MissingExtra("smskit.django", "django") from None


class Webhooks(Background):
    """The view that `webhooks` gives. It waits for the Kit without keeping a thread of Django's busy."""

    csrf_exempt = True  # the carrier's signature is what counts
    login_required = False

    def __init__(self, kit: Kit, *, limit: int) -> None:
        super().__init__(kit, limit=limit)
        markcoroutinefunction(self)
        for alias in connections:  # ATOMIC_REQUESTS is not for views that await
            transaction.non_atomic_requests(using=alias)(self)

    async def __call__(self, request: HttpRequest, driver: str) -> HttpResponse:
        answer = await sync_to_async(self.answer, thread_sensitive=False)(
            driver, request.method or "", _target(request), request.headers.items(), request.read
        )
        return HttpResponse(answer.body, status=answer.status, headers=answer.headers)


def _target(request: HttpRequest) -> str:
    if isinstance(request, ASGIRequest):
        return target_of_scope(request.scope, request.META.get("QUERY_STRING", ""))
    return target_of_environ(request.META)


def webhooks(kit: Kit, *, limit: int = LIMIT) -> Webhooks:
    """A view for a route with the name of the driver, such as `sms/<str:driver>`.

    It opens the Kit itself at the first callback, in a thread of its own. A body over `limit` octets gets 413.
    """
    return Webhooks(kit, limit=limit)
