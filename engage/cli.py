"""The `engage` command. Names, exit codes and JSON keys are a contract (README, "Command line")."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

import campaigns.cli
import contacts.cli
import engage.identity.cli
import engage.reports.cli
import surveys.cli
from engage.app import create_app
from engage.embedded import EmbeddedServerError
from engage.operations import backup, demo, doctor, migrate, refusals, rehearse, restore, rotating, up  # noqa: F401
from engage.operations.backstage import Backstage
from engage.operations.bench import BENCHMARKS, run_benchmark
from engage.refusal import Refused
from engage.sms import simulator
from engage.vault import ROTATABLE, Vault
from engage.web.refusals import explain_in_terminal
from engage.worker import run_sweeper, run_worker

FILE = click.Path(path_type=Path)


@click.group()
@click.option("--data", type=FILE, help="Data folder of the embedded servers (default: $ENGAGE_DATA or ./var).")
@click.pass_context
def cli(context: click.Context, data: Path | None) -> None:
    """Engage: event-driven citizen engagement for municipalities."""
    _use_data_folder(data)
    context.obj = Backstage(os.environ)
    context.call_on_close(context.obj.close)


for group in (contacts.cli.group, surveys.cli.group, campaigns.cli.group, engage.reports.cli.group, engage.identity.cli.group):
    cli.add_command(group)


@cli.command("up")
@click.option("--data", type=FILE, help="Data folder (default: $ENGAGE_DATA or ./var).")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--no-demo", is_flag=True, help="No demo data and no demo accounts.")
@click.pass_obj
def up_command(backstage: Backstage, data: Path | None, port: int, no_demo: bool) -> None:
    """The whole platform on this machine, until Ctrl-C."""
    _use_data_folder(data)
    folder = Path(os.environ.get("ENGAGE_DATA") or "var").resolve()
    sys.exit(up.run(folder, port=port, load_demo=None if no_demo else demo.load, webhook_path=lambda _app, token: f"/hooks/sms/{token}"))


@cli.command("web")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--host", default=up.HOST, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=up.WEB_WORKERS, show_default=True)
@click.pass_obj
def web_command(backstage: Backstage, port: int, host: str, workers: int) -> None:
    """The web pages, by gunicorn."""
    backstage.app()
    os.environ.update(backstage.environ)
    command = up.gunicorn_command(port, host=host, workers=workers)
    os.execv(command[0], command)


@cli.command("work")
@click.argument("queue", type=click.Choice(["send", "bulk", "default"]))
@click.option("--burst", is_flag=True, help="Stop when the queue is empty.")
@click.pass_obj
def work_command(backstage: Backstage, queue: str, burst: bool) -> None:
    """One worker for one queue."""
    run_worker(backstage.app(), queue, burst=burst)


@cli.command("sweep")
@click.pass_obj
def sweep_command(backstage: Backstage) -> None:
    """The sweeper: rings doorbells again, expires leases, reconciles, polls, closes. Any number may run."""
    run_sweeper(backstage.app())


@cli.command("simulate-gateway", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def simulate_gateway_command(arguments: tuple[str, ...]) -> None:
    """A gateway with phones, for one machine."""
    simulator.run(list(arguments))


@cli.command("migrate")
@click.pass_obj
def migrate_command(backstage: Backstage) -> None:
    """Bring the database to this release's tables."""
    settings = backstage.settings()
    if migrate.current(settings.database_url) is None and not migrate.is_being_restored(settings.database_url):
        # As at every first start: keys are made for a new database alone, and never again.
        Vault.load_or_create(settings.keys_path)
    migrate.upgrade(settings.database_url)
    click.echo(migrate.head())


@cli.command("demo")
@click.pass_obj
def demo_command(backstage: Backstage) -> None:
    """Load the demo: district 12 of Tehran, 10,000 made-up citizens."""
    app = backstage.app()
    if backstage.settings().environment != "demo":
        raise Refused("demo_only_in_demo")
    with app.app_context():
        for line in demo.load(app):
            click.echo(line)


@cli.command("doctor")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def doctor_command(backstage: Backstage, as_json: bool) -> None:
    """Can I send now? One line per part, and what to do about it."""
    findings = doctor.examine(create_app(backstage.settings()))
    click.echo(json.dumps(doctor.as_json(findings)) if as_json else "\n".join(doctor.as_lines(findings)))
    sys.exit(doctor.exit_code(findings))


@cli.command("backup")
@click.option("--to", type=FILE, required=True, help="A folder that doesn't exist yet, or one file ending in .tar.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def backup_command(backstage: Backstage, to: Path, as_json: bool) -> None:
    """The database of this moment and the files beside it, while everything runs. Never the keys."""
    _tell(backup.back_up(backstage.app(), to).as_json(), as_json)


@cli.command("restore")
@click.argument("source", type=FILE)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def restore_command(backstage: Backstage, source: Path, as_json: bool) -> None:
    """A backup in an empty database. Nothing is sent again: what was open is looked up first, campaigns are paused."""
    say = (lambda line: None) if as_json else click.echo
    _tell(restore.restore(backstage.settings(), source, say=say).as_json(), as_json)


@cli.command("rotate-keys")
@click.argument("purpose", type=click.Choice(ROTATABLE))
@click.option("--remove-old", is_flag=True, help="Make no new key; only remove old link keys that no link needs any more.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def rotate_keys_command(backstage: Backstage, purpose: str, remove_old: bool, as_json: bool) -> None:
    """A new key for one purpose while everything runs; goes on where an interrupted one stopped."""
    say = (lambda line: None) if as_json else click.echo
    if remove_old:
        if purpose != "links":
            raise click.UsageError("--remove-old is for links; other old keys go with their rotation.")
        told: dict[str, Any] = {"purpose": purpose, "removed": rotating.retire_link_keys(backstage.app(), say)}
    else:
        told = rotating.rotate_keys(backstage.app(), purpose, say=say).as_json()
    click.echo(json.dumps(told) if as_json else "done")


@cli.command("rehearse")
@click.option("--contacts", type=FILE, help="A list to import instead of a made-up one.")
@click.option("--survey", type=FILE, help="A survey (our JSON or an XLSForm) instead of «من شهردارم».")
@click.option("--ballots", type=FILE, help="A Pabulib file: its voters, projects and votes are played.")
@click.option("--answers", type=click.IntRange(0), help="How many citizens answer (default: a third of the invited).")
@click.option("--out", type=FILE, required=True, help="An empty folder for data and reports.")
@click.option("--json", "as_json", is_flag=True)
def rehearse_command(contacts: Path | None, survey: Path | None, ballots: Path | None, answers: int | None, out: Path, as_json: bool) -> None:
    """The whole main job, headless: import → survey → campaign → gateway → phones → answers → receipts → reminder → report."""
    result = rehearse.rehearse(out, contacts=contacts, survey=survey, ballots=ballots, answers=answers)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    for name, value in result.items():
        if name != "counts":
            click.echo(f"{name}: {value}")


@cli.command("bench")
@click.argument("name", type=click.Choice(sorted(BENCHMARKS)))
@click.option("--json", "as_json", is_flag=True)
@click.option("--quick", is_flag=True, help="Smaller counts: to see that it runs.")
@click.option(
    "--rows",
    type=click.IntRange(min=1_000),
    help="Rows of the import's list, of the export's answers, or of the long campaign of send (default: 1,000,000; export: 100,000).",
)
def bench_command(name: str, as_json: bool, quick: bool, rows: int | None) -> None:
    """Ours and its limit, measured in one run."""
    result = run_benchmark(name, quick=quick, rows=rows)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    for key, value in result.items():
        click.echo(f"{key}: {value}")


def main(arguments: list[str] | None = None) -> None:
    """Run the command. Exit 0 done, 1 our fault, 2 the input or the caller was refused (nothing was written)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    try:
        status = cli.main(arguments, standalone_mode=False)
    except Refused as refused:
        _refuse(refused.code, explain_in_terminal(refused), as_json)
    except EmbeddedServerError as error:
        _refuse(error.code, error.message, as_json)
    except click.ClickException as error:
        _refuse("usage", error.format_message(), as_json)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:
        if as_json:
            click.echo(json.dumps({"error": {"code": "fault", "message": f"{type(error).__name__}: this is a fault of Engage's own"}}))
        traceback.print_exc()
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _tell(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    for name, value in result.items():
        click.echo(f"{name}: {value}")


def _refuse(code: str, sentence: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"error": {"code": code, "message": sentence}}, ensure_ascii=False))
    click.echo(sentence, err=True)
    sys.exit(2)


def _use_data_folder(data: Path | None) -> None:
    if data is not None:
        os.environ["ENGAGE_DATA"] = str(data.resolve())
