"""Copies what the pages load from node_modules into static/vendor: `python -m engage.web.vendor`, a step of `make setup`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENDOR = Path(__file__).resolve().parent / "static" / "vendor"

FILES: dict[str, str] = {
    "@tabler/core/dist/css/tabler.rtl.min.css": "tabler.rtl.min.css",
    "vazirmatn/fonts/webfonts/Vazirmatn[wght].woff2": "vazirmatn-33.0.3.woff2",
    "vazirmatn/fonts/ttf/Vazirmatn-Regular.ttf": "fonts/vazirmatn-regular-33.0.3.ttf",
    "vazirmatn/fonts/ttf/Vazirmatn-Bold.ttf": "fonts/vazirmatn-bold-33.0.3.ttf",
    "vazirmatn/fonts/ttf/Vazirmatn-Black.ttf": "fonts/vazirmatn-black-33.0.3.ttf",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "sortablejs/Sortable.min.js": "sortable-1.15.7.min.js",
}
"""Path below node_modules → name in static/vendor. The font's brackets don't survive in a URL; its version stands in for a hash. The
browsers' font is the woff2; paper is set with the ttf files below FONTS."""

FONTS = VENDOR / "fonts"


def copy_vendor_files(node_modules: Path, target: Path = VENDOR) -> list[Path]:
    """Every file of FILES stands in `target`, whole; raises FileNotFoundError naming the first that node_modules lacks."""
    target.mkdir(parents=True, exist_ok=True)
    copied = []
    for source, name in FILES.items():
        origin = node_modules / source
        if not origin.is_file():
            raise FileNotFoundError(f"{origin} is missing: run `npm ci` first")
        place = target / name
        place.parent.mkdir(exist_ok=True)
        half = place.with_name(f".{place.name}.part")
        shutil.copyfile(origin, half)
        half.replace(place)
        copied.append(target / name)
    return copied


def missing_vendor_files(target: Path = VENDOR) -> list[str]:
    """Names of FILES that are absent or empty in `target`."""
    return [name for name in FILES.values() if not (target / name).is_file() or not (target / name).stat().st_size]


def main() -> int:
    try:
        for path in copy_vendor_files(ROOT / "node_modules"):
            print(path.relative_to(ROOT))
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
