"""Build backend: flit_core, and the documentation in the wheel, where the server finds it (``/docs``)."""

from pathlib import Path

from flit_core import wheel
from flit_core.buildapi import *  # noqa: F403
from flit_core.buildapi import build_wheel as _build_wheel

_FURTHER_PAGES = ("SECURITY.md", "CHANGELOG.md")
_SUFFIXES = (".md", ".svg", ".png")


class _Builder(wheel.WheelBuilder):
    def copy_module(self):
        super().copy_module()
        root = Path(self.directory).resolve()
        pages = [path for path in sorted((root / "docs").rglob("*")) if path.suffix in _SUFFIXES]
        for path in [*pages, *(root / name for name in _FURTHER_PAGES)]:
            self._add_file(path, f"hourhook/documentation/{path.relative_to(root).as_posix()}")


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build a wheel with the documentation; see PEP 517."""
    wheel.WheelBuilder = _Builder
    return _build_wheel(wheel_directory, config_settings, metadata_directory)
