"""The commands: what they are given, and what becomes of bad input. Here `typer` is imported."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterator
from typing import Annotated

import typer

import smskit
from smskit.cli import printing
from smskit.cli.decode import read_pdu
from smskit.cli.segments import examine, find_language
from smskit.cli.webhooks import lines_of, webhooks_for
from smskit.encoding import Language
from smskit.errors import MissingExtra, SmsKitError, UsageError
from smskit.protocols.tpdu import Direction

app = typer.Typer(
    help="What a text costs, what a PDU says, and where a carrier calls back.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

decoding = typer.Typer(help="Show what a PDU says.", no_args_is_help=True)
app.add_typer(decoding, name="decode")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for each, on a line of its own.")]


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"smskit {smskit.__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """What a text costs, what a PDU says, and where a carrier calls back."""


def _parse_language(word: str) -> Language:
    try:
        return find_language(word)
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None


@app.command()
def segments(
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="The text. Without it, each line of standard input is one."),
    ] = None,
    *,
    languages: Annotated[
        list[Language] | None,
        typer.Option(
            "--language",
            parser=_parse_language,
            metavar="LANGUAGE",
            help="National tables that may be used: a code (tr), a name (turkish) or a number (1). May be repeated.",
        ),
    ] = None,
    whole_graphemes: Annotated[
        bool, typer.Option("--whole-graphemes", help="Never cut within what a person sees as one character.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the parts of a text, and which characters make it expensive."""

    def show(one: str) -> None:
        report = examine(one, languages=languages or (), whole_graphemes=whole_graphemes)
        if as_json:
            printing.print_json(report)
        else:
            printing.print_report(report)

    _handle_each(text, show)


@decoding.command()
def tpdu(
    octets: Annotated[
        str | None,
        typer.Argument(metavar="HEX", help="The octets. Without it, each line of standard input is one PDU."),
    ] = None,
    *,
    from_mobile: Annotated[
        bool,
        typer.Option(
            "--from-mobile/--to-mobile",
            help="Which way it goes. A modem shows received texts: to the mobile.",
        ),
    ] = False,
    no_smsc: Annotated[
        bool, typer.Option("--no-smsc", help="It does not begin with the address of the service centre.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the fields of a TPDU, such as a modem gives and takes in PDU mode."""
    direction = Direction.FROM_MOBILE if from_mobile else Direction.TO_MOBILE

    def show(one: str) -> None:
        pdu = read_pdu(one, direction, service_centre=not no_smsc)
        if as_json:
            printing.print_json(pdu, classes=True)
        else:
            printing.print_tree(pdu)

    _handle_each(octets, show)


@app.command()
def webhooks(
    *,
    base_url: Annotated[
        str,
        typer.Option(
            "--base-url", metavar="URL", help="Where your app mounts the webhooks, seen from outside."
        ),
    ],
    drivers: Annotated[
        list[str] | None,
        typer.Option(
            "--driver",
            metavar="NAME",
            help="The name of a driver. May be repeated. Without it, all that are known.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what to paste where, so that texts and receipts come in."""
    try:
        found = webhooks_for(base_url, drivers or ())
    except UsageError as error:
        raise typer.BadParameter(str(error), param_hint="--base-url") from None
    for one in found:
        if as_json:
            printing.print_json(one)
        else:
            printing.open_console().print(*lines_of(one), "", sep="\n", soft_wrap=True)


def _handle_each(given: str | None, handle: Callable[[str], None]) -> None:
    """What is given, or each line of standard input. A bad one is told and does not stop the others."""
    status = 0
    for where, item in [("", given)] if given is not None else _lines():
        try:
            handle(item if isinstance(item, str) else _decoded(item))
        except MissingExtra as error:
            printing.print_error(str(error))
            raise typer.Exit(2) from None
        except SmsKitError as error:
            printing.print_error(f"{where}{error}")
            status = max(status, 2 if isinstance(error, UsageError) else 1)
    raise typer.Exit(status)


def _lines() -> Iterator[tuple[str, bytes]]:
    """Each with where it stands, for complaints. Empty ones are passed over."""
    if sys.stdin is None:  # closed by whoever started us
        printing.print_error("nothing is given, and there is no standard input")
        raise typer.Exit(2)
    if sys.stdin.isatty():
        printing.print_error("reading what you type, one a line")
    for number, line in enumerate(sys.stdin.buffer, 1):
        text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        if text.rstrip(b"\r\n"):
            yield f"line {number}: ", text.rstrip(b"\r\n")


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise UsageError("this is not UTF-8") from None
