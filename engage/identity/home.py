"""The first page's parts: rooms register what waits, what runs and what they keep an eye on; this room lays it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from flask import Flask, current_app

from engage.identity.queries import UnitNode
from engage.identity.viewer import Viewer

Tone = Literal["", "run", "ok", "wait", "bad"]
Area = Literal["tasks", "running", "side"]


@dataclass(frozen=True)
class TaskItem:
    """Something that waits for the viewer. `icon` from `engage.web.icons`; texts are ready for the page, `meta` may be Markup."""

    icon: str
    tone: Tone
    title: Any
    meta: Any
    action_label: Any
    url: str


@dataclass(frozen=True)
class WorkItem:
    """Something that runs: state as icon and word, figures as (label, number, small words), and how far it is."""

    title: Any
    url: str
    about: Any
    kind: str
    icon: str
    state_label: Any
    done: int = 0
    total: int = 0
    line: Any = ""
    note: Any = ""
    figures: tuple[tuple[Any, Any, Any], ...] = ()
    refresh: str = ""
    """An address that answers this work's card again, for progress that moves while one looks."""


@dataclass(frozen=True)
class CardBlock:
    """A card drawn by the room's own template with these names: in "side", or below the lists in the other areas."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HomeAction:
    """A button above the page; those the viewer may not use are left out. One is `primary`: the first that is, if there are several."""

    label: Any
    icon: str
    endpoint: str
    permission: str
    order: int = 100
    primary: bool = False
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FirstStep:
    """What a new unit does first, shown in place of empty lists until it is done."""

    title: Any
    text: Any
    action_label: Any
    url: str
    icon: str = "upload"


class BlockSource(Protocol):
    def __call__(self, viewer: Viewer, unit: UnitNode) -> list[TaskItem | WorkItem | CardBlock]: ...


@dataclass
class _Registry:
    blocks: dict[str, list[tuple[int, BlockSource]]] = field(default_factory=lambda: {"tasks": [], "running": [], "side": []})
    actions: list[HomeAction] = field(default_factory=list)
    first_steps: list[tuple[int, Callable[[Viewer, UnitNode], FirstStep | None]]] = field(default_factory=list)


@dataclass(frozen=True)
class Home:
    """The page's content, in order."""

    tasks: list[TaskItem]
    running: list[WorkItem]
    cards: list[CardBlock]
    side: list[CardBlock]
    actions: list[HomeAction]
    first_step: FirstStep | None


def install(app: Flask) -> None:
    app.extensions["engage_home"] = _Registry()


def _registry(app: Flask) -> _Registry:
    found: _Registry = app.extensions["engage_home"]
    return found


def register_home_block(app: Flask, area: Area, order: int, source: BlockSource) -> None:
    """Show what `source(viewer, unit)` returns: TaskItems in "tasks", WorkItems in "running", CardBlocks anywhere.

    `source` reads only what the viewer may see (`viewer.may`, `visible_unit_ids`) and answers [] where they may see nothing.
    """
    _registry(app).blocks[area].append((order, source))


def register_home_action(app: Flask, action: HomeAction) -> None:
    _registry(app).actions.append(action)


def register_first_step(app: Flask, order: int, source: Callable[[Viewer, UnitNode], FirstStep | None]) -> None:
    """Ask `source` for the first step of a unit in which nothing waits or runs; None when it is done."""
    _registry(app).first_steps.append((order, source))


def assemble(viewer: Viewer, unit: UnitNode) -> Home:
    """Everything the first page shows this viewer for this unit."""
    registry = _registry(current_app)
    found = {
        area: [item for _, source in sorted(sources, key=lambda each: each[0]) for item in source(viewer, unit)]
        for area, sources in registry.blocks.items()
    }
    everything = [item for items in found.values() for item in items]
    tasks = [item for item in everything if isinstance(item, TaskItem)]
    running = [item for item in everything if isinstance(item, WorkItem)]
    side = [item for item in found["side"] if isinstance(item, CardBlock)]
    cards = [item for area in ("tasks", "running") for item in found[area] if isinstance(item, CardBlock)]
    actions = sorted(
        (each for each in registry.actions if each.endpoint in current_app.view_functions and viewer.may(each.permission)),
        key=lambda each: (each.primary, each.order),
    )
    first_step = None
    if not tasks and not running:
        steps = (source(viewer, unit) for _, source in sorted(registry.first_steps, key=lambda each: each[0]))
        first_step = next((step for step in steps if step is not None), None)
    return Home(tasks, running, cards, side, actions, first_step)
