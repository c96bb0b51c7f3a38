"""Every error smskit raises, sorted by who must act.

SmsKitError
├── UsageError (ValueError)      the caller must change the call
│   ├── InvalidAddress           not a number or sender we can text
│   ├── InvalidMessage           empty, unsafe or too long to send
│   │   └── MissingField         a merge field without a value
│   ├── NaiveDatetime            a time without a zone
│   ├── ImportRejected           a contact file with faulty rows; nothing was imported
│   └── MissingExtra             an optional part of smskit is not installed
├── PermissionDenied             the actor may not do this
├── Refused                      a compliance rule said no; nothing was sent
├── EnrolmentRefused             a drip campaign may not be applied to this contact
├── NotFound (LookupError)       no such contact, conversation, message ...
├── Conflict                     it is there already, and it is something else
│   └── AlreadyEnrolled          the contact is in this campaign
├── KitClosed                    the Kit is not open, or not open here (another loop, a fork)
├── DeliveryError                the driver could not hand a message over
│   ├── Rejected                 sending it again will not help
│   ├── Unavailable              nothing was accepted; safe to send again
│   └── OutcomeUnknown           it may have gone out; sending again may send twice
├── DecodeError                  octets from a carrier or modem that the standard does not allow
├── WebhookError                 a callback that is not what it claims to be
│   ├── BadSignature
│   └── BadCallback
└── StorageError                 the store could not do its work; nothing was half written
    ├── StorageUnavailable       locked, full or unreachable: try again later
    ├── StorageUnsupported       not a smskit store, made by a newer smskit, or read-only
    └── EventsLost               a reader is further behind than events are kept

Texts of errors hold ids, codes and masked numbers; never a whole number, a message or a secret.
"""

from __future__ import annotations

from datetime import timedelta


class SmsKitError(Exception):
    """The root of every error that smskit raises."""


class UsageError(SmsKitError, ValueError):
    """The call cannot be carried out as it was made; change the call."""


class InvalidAddress(UsageError):
    """The text is not a phone number, short code or sender name that can be used here."""


class InvalidMessage(UsageError):
    """The message is empty, holds control characters or is too long for any carrier."""


class MissingField(InvalidMessage):
    """A text asks for values that the contact does not have, and has no fallback for them: `fields` names them."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self.fields = fields
        names = ", ".join(fields)
        super().__init__(
            f"no value for {names}; set it on the contact, or write a fallback: {{{fields[0]}|there}}"
        )


class NaiveDatetime(UsageError):
    """A datetime without a zone was given where a moment is meant."""


class ImportRejected(UsageError):
    """A contact file has faulty rows. Nothing of it was imported; `faults` names each row."""

    def __init__(self, faults: tuple[tuple[int, str], ...]) -> None:
        self.faults = faults
        shown = "; ".join(f"row {row}: {why}" for row, why in faults[:5])
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        super().__init__(f"nothing was imported, {len(faults)} faulty row(s): {shown}{more}")


class MissingExtra(UsageError):
    """A part of smskit needs a library that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs an optional part: pip install 'smskit[{extra}]'")


class PermissionDenied(SmsKitError):
    """The actor's policy does not grant the permission this call needs."""

    def __init__(self, actor: str, permission: str) -> None:
        self.actor = actor
        self.permission = permission
        super().__init__(f"actor {actor!r} lacks the permission {permission!r}; grant it in the org's policy")


class Refused(SmsKitError):
    """The gate denied a message that was sent with `strict=True`; nothing was sent."""

    def __init__(self, message_id: int, rule: str, reason: str) -> None:
        self.message_id = message_id
        self.rule = rule
        self.reason = reason
        super().__init__(f"message {message_id} was blocked by rule {rule!r}: {reason}")


class EnrolmentRefused(SmsKitError):
    """A drip campaign may not be applied to a contact: it opted out, or a rule or the policy objects."""


class NotFound(SmsKitError, LookupError):
    """There is nothing with this id in this org."""


class Conflict(SmsKitError):
    """Something else is already there under this key or address."""


class AlreadyEnrolled(Conflict):
    """The contact is in this campaign already; `enrolment_id` says by which enrolment."""

    def __init__(self, enrolment_id: int) -> None:
        self.enrolment_id = enrolment_id
        super().__init__(
            f"enrolment {enrolment_id} is not over; end it first, or apply with on_conflict='restart'"
        )


class KitClosed(SmsKitError):
    """The Kit is not open here: not entered yet, closed, or opened in another event loop or process."""


class DeliveryError(SmsKitError):
    """A driver could not hand a message over. `code` is the carrier's own word for why, if it gave one."""

    def __init__(self, reason: str, *, code: str | None = None) -> None:
        self.reason = reason
        self.code = code
        super().__init__(reason if code is None else f"{reason} ({code})")


class Rejected(DeliveryError):
    """The carrier refused the message; sending it again will not help.

    `opted_out` says that the carrier refuses because the recipient opted out there.
    """

    def __init__(self, reason: str, *, code: str | None = None, opted_out: bool = False) -> None:
        self.opted_out = opted_out
        super().__init__(reason, code=code)


class Unavailable(DeliveryError):
    """Nothing was accepted, so sending again is safe, not before `retry_after` if that is given."""

    def __init__(self, reason: str, *, code: str | None = None, retry_after: timedelta | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(reason, code=code)


class OutcomeUnknown(DeliveryError):
    """The message may have gone out; nobody sends it again unless that is known to be harmless."""


class DecodeError(SmsKitError):
    """Octets that no reading of the standard allows.

    `path` names the field, `offset` its place in the octets that were given, and `reason` says what is wrong with it.
    """

    def __init__(self, path: str, offset: int, reason: str) -> None:
        self.path = path
        self.offset = offset
        self.reason = reason
        super().__init__(f"{path}, octet {offset}: {reason}")


class WebhookError(SmsKitError):
    """A callback that cannot be taken for what it claims to be."""


class BadSignature(WebhookError):
    """The callback is not signed by the carrier it claims to come from."""


class BadCallback(WebhookError):
    """The callback is signed or unsigned as it should be, but says nothing we can read."""


class StorageError(SmsKitError):
    """The store could not do its work. What the call meant to write is not there in part."""


class StorageUnavailable(StorageError):
    """The store is locked, full or cannot be reached; the same call may work later."""


class StorageUnsupported(StorageError):
    """The store is not smskit's, was made by a newer smskit, or cannot be written."""


class EventsLost(StorageError):
    """A named reader is further behind than events are kept; it must start anew on purpose."""
