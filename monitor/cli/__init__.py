"""The command line: each command is one file, found by name in a table and imported when it is called."""

import difflib
import importlib
import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from bellbuoy.monitor.cli.failures import Failure, ends
from bellbuoy.monitor.version import VERSION

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "run": "The daemon: collect, judge, page, serve.",
    "demo": "Six months of an agent going quietly bad; nothing to set up.",
    "init": "Write a configuration from what real events show.",
    "check": "Find the errors of a configuration, with line and column.",
    "doctor": "Look whether everything is there that the daemon needs.",
    "simulate": "Write interactions with a drift that is known.",
    "replay": "Send recorded events to a Kafka topic.",
    "status": "One line a workflow and step: rate, baseline, verdict.",
    "map": "A workflow as it is lived: steps, reach, what each costs.",
    "audit": "Keep, harden or kill: each step, with its numbers.",
    "query": "Read-only SQL on the running daemon.",
    "incidents": "What is wrong: list it, or tell one in full.",
    "ack": "Take an incident: others see that you are on it.",
    "silence": "Mute pages for a while: put it on, list, end.",
    "baseline": "What normal is: show it, or decide it.",
    "source": "How far each stream is read; where a stopped one goes on.",
    "note": "Note a deploy or another change, so that pages can name it.",
    "dead-letters": "Messages that could not be read: list, show, read again.",
    "export": "Closed days to Parquet files, now.",
    "backtest": "What would have been told, and when, from what is recorded.",
    "rebuild": "Count the events again, and judge anew from the counts.",
    "schema": "JSON Schemas and references of what goes in and out.",
    "bench": "Bellbuoy's own numbers on this machine.",
}


class Table(click.Group):
    """A group that imports a command only when it is called, so that help starts in a blink."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return the command `name`, imported now."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"bellbuoy.monitor.cli.{name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which name is nearest."""
        name = args[0] if args else ""
        if name and name not in COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, COMMANDS, 1)
            hint = f" Did you mean `{near[0]}`?" if near else " `bellbuoy --help` lists them."
            raise click.UsageError(f"There is no command `{name}`.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the commands and options that begin so, without importing a command."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=about) for name, about in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader of its output that has gone ends it silently."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            with suppress(OSError, ValueError):  # what is still buffered goes nowhere when Python ends
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _completion(ctx: click.Context, _parameter: click.Parameter, shell: str | None) -> None:
    """Print what a shell has to read in order to complete commands and options."""
    if shell is None or ctx.resilient_parsing:
        return
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, "click knows the three shells of the choice"
    script = kind(group, {}, "bellbuoy", "_BELLBUOY_COMPLETE")
    click.echo(script.source_template % script.source_vars())
    ctx.exit()


@click.command(
    cls=Table,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog='First look: `bellbuoy demo`, nothing else is needed. Completion: eval "$(bellbuoy --completion bash)"',
)
@click.version_option(VERSION, message="bellbuoy %(version)s")
@click.option(
    "--completion",
    type=click.Choice(["bash", "zsh", "fish"]),
    callback=_completion,
    expose_value=False,
    is_eager=True,
    help="Print the script that completes commands and flags in a shell.",
)
def group() -> None:
    """Bellbuoy tells when AI agents fail quietly."""


def main() -> None:
    """Run the command line and end with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; a user's mistake is a sentence, never a traceback."""
    try:
        result = group.main(args=arguments, prog_name="bellbuoy", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return 130
    except Failure as failure:
        click.echo(failure.text, err=True)
        return failure.code
    except Exception as error:  # noqa: BLE001 - the last place: what a user can cause becomes a sentence, a bug a traceback
        known = ends(error)
        if known is not None:
            click.echo(known.text, err=True)
            return known.code
        traceback.print_exc()
        click.echo("This is a bug in Bellbuoy: please report it with the lines above.", err=True)
        return 70
    return result if isinstance(result, int) else 0
