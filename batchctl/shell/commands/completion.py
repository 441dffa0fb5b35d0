"""`batchctl completion`: a script for the shell."""

from __future__ import annotations

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.show.terminal import Terminal


@declared("completion", exits=(0, 64), examples=(
    'eval "$(batchctl completion bash)"', "source <(batchctl completion zsh)",
    "batchctl completion fish > ~/.config/fish/completions/batchctl.fish"))
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@options.screen
@click.pass_context
def command(context: click.Context, terminal: Terminal, shell: str) -> int:
    """Print the script that lets a shell complete commands, options, and the names of jobs and batches. The examples
    are lines for ~/.bashrc and ~/.zshrc, and a file for fish."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None
    script = made(context.find_root().command, {}, "batchctl", "_BATCHCTL_COMPLETE")
    # Not `source()`: for bash that starts a shell to learn its version, which is not the one that will read this.
    terminal.out(script.source_template % script.source_vars() + "\n")
    return 0
