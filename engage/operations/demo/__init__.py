"""The demo: a made-up district 12 of Tehran with people, surveys and campaigns, all made by the rooms' own commands."""

from engage.operations.demo.loading import load

__all__ = ["load"]
