"""Which files a manifest may name."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchctl.desired.paths import PathRefused, confine


def test_gits_own_folder_is_named_by_an_absolute_path_only(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / ".git")
    for written in (".git/config", "x/../.git/config", ".GIT/config", "link/config"):
        with pytest.raises(PathRefused, match="git's own"):
            confine(written, folder=tmp_path, root=tmp_path)
    assert confine(str(tmp_path / ".git" / "config"), folder=tmp_path, root=tmp_path) == tmp_path / ".git" / "config"
    assert confine(".github/x", folder=tmp_path, root=tmp_path) == tmp_path / ".github" / "x"
