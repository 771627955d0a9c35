"""An installation compiles model/native. Where that fails, the networks serve in torch."""

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_BUILD = Path(__file__).parent / "model" / "native" / "build.py"
_specification = importlib.util.spec_from_file_location("native_build", _BUILD)
assert _specification is not None
assert _specification.loader is not None
native = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(native)


class CompileHook(BuildHookInterface[Any]):
    """Of the wheel, an editable one too."""

    def dependencies(self) -> list[str]:
        return [native.ZIG] if self._problem() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if problem := self._problem():
            self.app.display_warning(f"model/native is not compiled: {problem}")
            return
        build_data["artifacts"].append("model/native/*.so")
        build_data["infer_tag"], build_data["pure_python"] = True, False

    def _problem(self) -> str:
        try:
            native.build()
        except (OSError, RuntimeError) as error:
            return str(error)
        return ""
