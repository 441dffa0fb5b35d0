"""`batchctl providers`: what batchctl knows of each."""

from __future__ import annotations

import click

from batchctl.shell import completing, options
from batchctl.shell.declared import declared
from batchctl.show.terminal import Terminal


@declared("providers", exits=(0, 64), examples=("batchctl providers", "batchctl providers groq"))
@click.argument("name", required=False, shell_complete=completing.providers)
@options.view("text", "json")
@options.screen
def command(terminal: Terminal, name: str | None, form: str) -> int:
    """Show the built-in providers: endpoints, limits, windows, and the variable that has the key.

    With a NAME, all that is known of one: quirks, a whole manifest, and what nobody has verified.
    """
    from batchctl.show.provider_page import provider_page
    from batchctl.show.providers import providers_json, providers_text
    from batchctl.words.dialects import DIALECTS
    from batchctl.words.errors import UsageError

    if name is not None and name not in DIALECTS:
        raise UsageError(f'there is no provider "{name}"', notes=(f"there is {', '.join(DIALECTS)}",))
    chosen = list(DIALECTS.values()) if name is None else [DIALECTS[name]]
    if form == "json":
        terminal.out(providers_json(chosen))
    else:
        terminal.out(providers_text(chosen) if name is None else provider_page(chosen[0], terminal.paint))
    return 0
