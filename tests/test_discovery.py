"""Discovery finds what `importlib_metadata.entry_points()` finds, from whatever lies on the path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import importlib_metadata
import pytest
import zipp  # noqa: F401  importlib_metadata imports it when it meets its first archive, and then the short path of these tests has none
from dagogy.host.discovery import GROUPS, discover, normalized
from support import ROOT, SitePackages, make_plugin, python

KIND_OF = {group: kind for kind, group in GROUPS.items()}
Row = tuple[str, str, str, str, str]


def ours() -> list[Row]:
    return sorted((e.kind, e.id, e.module, normalized(e.distribution), e.version) for e in discover())


def theirs() -> list[Row]:
    """The same in the words of the reference."""
    importlib_metadata.MetadataPathFinder.invalidate_caches()
    rows = []
    for entry in importlib_metadata.entry_points():
        if entry.group in KIND_OF:
            value = entry.value.partition("[")[0].strip()
            rows.append(
                (KIND_OF[entry.group], entry.name, value, normalized(entry.dist.name), entry.dist.version)
            )
    return sorted(rows)


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def only(*folders: object) -> None:
        monkeypatch.setattr(sys, "path", [str(f) for f in folders])

    return only


def rule(folder: Path, name: str, version: str = "1.0", plugin_id: str = "") -> Path:
    """A distribution with one rule; its metadata folder."""
    make_plugin(folder, name, version, entry_points={"rule": {plugin_id or name: "mod"}}, modules={})
    return folder / f"{name.replace('-', '_')}-{version}.dist-info"


def write_entry_points(info: Path, text: str | bytes) -> None:
    (info / "entry_points.txt").write_bytes(text if isinstance(text, bytes) else text.encode())


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as out:
        for path in sorted(folder.rglob("*")):
            out.write(path, path.relative_to(folder))
    return archive


def test_the_real_environment_gives_what_the_reference_gives() -> None:
    assert ours() == theirs()
    assert len(ours()) >= 20
    assert {row[0] for row in ours()} >= {"rule", "provider", "exporter"}


@pytest.mark.slow
def test_wheels_unzipped_into_a_folder(tmp_path: Path, on_path: Callable[..., None]) -> None:
    """Real wheels, made by the back end of our own projects."""
    target = tmp_path / "target"
    for project in ("validators/graph-acyclic", "plugins/exporter-sarif", "core"):
        copy = shutil.copytree(
            ROOT / project, tmp_path / "src" / project, ignore=shutil.ignore_patterns("__pycache__", "tests")
        )
        code = "import sys, flit_core.buildapi as b; print(b.build_wheel(sys.argv[1]))"
        built = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], cwd=copy, capture_output=True, text=True, check=False
        )
        assert built.returncode == 0, built.stderr
        with zipfile.ZipFile(tmp_path / built.stdout.strip()) as wheel:
            wheel.extractall(target)
    on_path(target)
    assert ours() == theirs()
    assert {(row[1], row[3]) for row in ours()} == {
        ("graph.acyclic", "dagogy-rule-graph-acyclic"),
        ("sarif", "dagogy-exporter-sarif"),
    }
    # The wheels as they are, on the path: zip-safe.
    on_path(*tmp_path.glob("*.whl"))
    assert ours() == theirs()
    assert len(ours()) == 2


def test_an_archive_on_the_path(tmp_path: Path, on_path: Callable[..., None]) -> None:
    rule(tmp_path / "a", "in-zip", "2.0")
    rule(tmp_path / "b", "in-folder")
    rule(tmp_path / "b", "in-zip", "3.0")
    archive = zipped(tmp_path / "a", tmp_path / "a.zip")
    on_path(archive, tmp_path / "b")
    assert (
        ours()
        == theirs()
        == [("rule", "in-folder", "mod", "in-folder", "1.0"), ("rule", "in-zip", "mod", "in-zip", "2.0")]
    )
    on_path(tmp_path / "b", archive)
    assert ours() == theirs()
    assert ("rule", "in-zip", "mod", "in-zip", "3.0") in ours()


def test_a_plugin_in_an_archive_works(site: SitePackages, tmp_path: Path) -> None:
    site.copy("house-titles", "1.2.3", "house_titles", rule={"house.titles": "house_titles"})
    archive = zipped(site.folder, tmp_path / "site.zip")
    shutil.rmtree(site.folder)
    code = """
        from dagogy.host.manager import Host
        host = Host()
        plugin = host.get("rule", "house.titles")
        print(plugin.origin, host.implementation(plugin).__name__)
    """
    done = python(code, path=[archive])
    assert (done.stdout, done.stderr) == ("house-titles 1.2.3 ShortTitles\n", "")


@pytest.mark.parametrize(
    "content", [b"", b"not a zip at all", b"PK\x03\x04" + b"\x00" * 40], ids=["empty", "text", "damaged"]
)
def test_a_file_on_the_path_that_is_no_archive_is_passed_over(
    tmp_path: Path, on_path: Callable[..., None], content: bytes
) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    rule(tmp_path / "a", "sound")
    on_path(
        tmp_path / "x.zip",
        tmp_path / "x.zip" / "inside",
        tmp_path / "gone.zip",
        tmp_path / "gone",
        tmp_path / "a",
    )
    assert ours() == theirs()
    assert len(ours()) == 1


def test_an_egg_info_folder_takes_its_version_from_its_metadata(
    tmp_path: Path, on_path: Callable[..., None]
) -> None:
    for name, stem in (("old-style", "old_style.egg-info"), ("older", "older-0.9-py3.11.egg-info")):
        info = tmp_path / stem
        info.mkdir()
        (info / "PKG-INFO").write_text(f"Metadata-Version: 1.0\nName: {name}\nVersion: 0.9\n")
        write_entry_points(info, f"[dagogy.rules]\n{name} = mod\n")
    (tmp_path / "a_file.egg-info").write_text("Metadata-Version: 1.0\nName: a-file\nVersion: 1\n")
    on_path(tmp_path)
    assert (
        ours()
        == theirs()
        == [("rule", "old-style", "mod", "old-style", "0.9"), ("rule", "older", "mod", "older", "0.9")]
    )


@pytest.mark.parametrize("as_archive", [False, True], ids=["folder", "archive"])
def test_an_egg(tmp_path: Path, on_path: Callable[..., None], as_archive: bool) -> None:
    egg = tmp_path / "an_egg-1.5-py3.11.egg"
    info = egg / "EGG-INFO"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: an-egg\nVersion: 1.5\n")
    write_entry_points(info, "[dagogy.rules]\nx = mod\n")
    if as_archive:
        (tmp_path / "z").mkdir()
        egg = zipped(egg, tmp_path / "z" / egg.name)
    on_path(egg)
    assert ours() == theirs() == [("rule", "x", "mod", "an-egg", "1.5")]


@pytest.mark.parametrize(
    ("first", "second"), [("dup", "dup"), ("Dup_Name", "dup-name"), ("dup.name", "dup_name")]
)
def test_the_first_copy_of_a_distribution_on_the_path_counts(
    tmp_path: Path, on_path: Callable[..., None], first: str, second: str
) -> None:
    rule(tmp_path / "a", first, "1.0", "x")
    rule(tmp_path / "b", second, "2.0", "x")
    rule(tmp_path / "b", "other", "1.0", "y")
    for path in (("a", "b"), ("b", "a"), ("a", "a", "b")):
        on_path(*(tmp_path / p for p in path))
        assert ours() == theirs()
        assert [row[4] for row in ours() if row[1] == "x"] == ["2.0" if path[0] == "b" else "1.0"]


def test_a_copy_without_our_groups_hides_a_later_one_that_has_them(
    tmp_path: Path, on_path: Callable[..., None]
) -> None:
    (rule(tmp_path / "a", "dup", "2.0") / "entry_points.txt").unlink()
    rule(tmp_path / "b", "dup", "1.0")
    on_path(tmp_path / "a", tmp_path / "b")
    assert ours() == theirs() == []


def test_what_an_interrupted_uninstall_left_does_not_hide_a_whole_copy(
    tmp_path: Path, on_path: Callable[..., None]
) -> None:
    left = rule(tmp_path / "a", "dup", "1.0")
    (left / "METADATA").unlink()
    (left / "entry_points.txt").unlink()
    rule(tmp_path / "b", "dup", "2.0")
    on_path(tmp_path / "a", tmp_path / "b")
    assert ours() == theirs() == [("rule", "dup", "mod", "dup", "2.0")]


def test_of_two_whole_copies_in_one_folder_the_first_by_name_counts_in_whatever_order_the_folder_lists_them(
    tmp_path: Path, on_path: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("1.0", "2.0"):
        rule(tmp_path, "dup", version)
    on_path(tmp_path)
    real = os.listdir
    for backwards in (False, True):
        importlib_metadata.MetadataPathFinder.invalidate_caches()
        monkeypatch.setattr(
            os, "listdir", lambda folder, backwards=backwards: sorted(real(folder), reverse=backwards)
        )
        assert [row[4] for row in ours()] == ["1.0"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "[dagogy.rules]\n",
        "[dagogy.rules]\na = mod\n\n[console_scripts]\nb = mod:main\n[dagogy.exporters]\nc=mod\n",
        "# a comment\n[dagogy.rules]\n# another\na = mod  \n   b   =   mod.sub:plugin\n",
        "[dagogy.rules]\n; no comment here = mod\n",
        "[dagogy.rules]\na = mod [extra]\nb = mod:x [one, two]\n",
        "[ dagogy.rules ]\na = mod\n",
        "[dagogy.rules]\n= mod\n",
        "[dagogy.rules]\na = b = c\n",
        "[dagogy.rules\na = mod\n[dagogy.exporters]\nb = mod\n",
        "a = before any section\n[dagogy.rules]\nb = mod\n",
        "[dagogy.rules]\r\na = mod\r\n[dagogy.commands]\r\nb = mod\r\n",
        "[dagogy.rules]\na = mod\na = other\n",
        "[dagogy.rulez]\na = mod\n[dagogy.rules.more]\nb = mod\n[Dagogy.Rules]\nc = mod\n",
        "[dagogy.rules]\ndots.and-dashes_and.ünï = mod\nwith space = mod\n",
        "[dagogy.rules]\na = mod\n[dagogy.rules]\nb = mod\n",
        "[[dagogy.rules]]\na = mod\n",
        "\ufeff[dagogy.rules]\na = mod\n",
        "[dagogy.rules]\na = mod\n[]\nb = mod\n",
    ],
)
def test_every_entry_points_file_is_read_as_the_reference_reads_it(
    tmp_path: Path, on_path: Callable[..., None], text: str
) -> None:
    write_entry_points(rule(tmp_path, "written"), text)
    on_path(tmp_path)
    assert ours() == theirs()


def test_a_line_that_is_no_entry_point_becomes_a_plugin_that_fails_and_stops_nobody(
    site: SitePackages,
) -> None:
    """Here the reference raises, and with it every plugin of the environment would be gone."""
    rule(site.folder, "sound")
    write_entry_points(rule(site.folder, "written"), "[dagogy.rules]\nno equals sign\nvery-odd = 7 up!\n")
    (site.folder / "mod.py").write_text(
        "from dagogy.api import *\n@hookimpl\ndef dagogy_rules():\n"
        "    yield RuleInfo(id='sound', summary='S.', severity='info', api_version=1, impl='a:B')\n"
    )
    states = {p.id: (p.state, p.origin) for p in site.host().load("rule")}
    assert states == {
        "sound": ("ready", "sound 1.0"),
        "no equals sign": ("failed", "written 1.0"),
        "very-odd": ("failed", "written 1.0"),
    }


@pytest.mark.parametrize("broken", ["missing", "not UTF-8", "a folder", "unreadable", "a broken link"])
def test_a_distribution_with_a_broken_entry_points_file_does_not_disturb_the_others(
    tmp_path: Path, on_path: Callable[..., None], broken: str
) -> None:
    file = rule(tmp_path, "broken") / "entry_points.txt"
    rule(tmp_path, "sound")
    if broken == "not UTF-8":
        file.write_bytes(b"[dagogy.rules]\na\xff = mod\n")
    elif broken == "unreadable":
        file.chmod(0)
        if os.access(file, os.R_OK):
            pytest.skip("this user may read everything")
    else:
        file.unlink()
        if broken == "a folder":
            file.mkdir()
        elif broken == "a broken link":
            file.symlink_to(tmp_path / "nowhere")
    on_path(tmp_path)
    assert ours() == [("rule", "sound", "mod", "sound", "1.0")]
    if broken != "not UTF-8":  # there the reference raises
        assert theirs() == ours()


def test_an_unreadable_folder_is_passed_over(tmp_path: Path, on_path: Callable[..., None]) -> None:
    rule(tmp_path / "closed", "hidden")
    rule(tmp_path / "open", "sound")
    (tmp_path / "closed").chmod(0)
    try:
        on_path(tmp_path / "closed", tmp_path / "open")
        assert ours() == theirs()
        assert "sound" in {row[1] for row in ours()}
    finally:
        (tmp_path / "closed").chmod(0o755)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("my.dotted.name-1.0.dist-info", "my.dotted.name"),
        ("my_name-1.0.dist-info", "my-name"),
        ("My_Name-1.0.dist-info", "My-Name"),
        ("my-1.0+local.7.dist-info", "my"),
        ("my-1!2.0rc1.dist-info", "my"),
        ("my-1.0.DIST-INFO", "my"),
        ("my.dist-info", "my"),
    ],
)
def test_names_and_versions_of_every_spelling(
    tmp_path: Path, on_path: Callable[..., None], folder: str, name: str
) -> None:
    info = tmp_path / folder
    info.mkdir()
    version = folder.partition("-")[2].rpartition(".")[0] if folder.count("-") > 1 else "4.0"
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    write_entry_points(info, "[dagogy.rules]\nx = mod\n")
    on_path(tmp_path)
    assert ours() == theirs() == [("rule", "x", "mod", normalized(name), version)]


def test_an_empty_entry_of_the_path_is_the_current_folder(
    tmp_path: Path, on_path: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(tmp_path, "here")
    monkeypatch.chdir(tmp_path)
    on_path("")
    assert ours() == theirs()
    assert [row[1] for row in ours()] == ["here"]


def test_the_order_is_by_kind_id_and_distribution_whatever_the_path(tmp_path: Path) -> None:
    for folder, name in (("b", "zeta"), ("a", "alpha"), ("b", "mid")):
        make_plugin(
            tmp_path / folder,
            name,
            entry_points={"exporter": {"x": "mod"}, "rule": {f"{name}.r": "mod", "same": "mod"}},
            modules={},
        )
    one = discover([str(tmp_path / "a"), str(tmp_path / "b")])
    assert one == discover([str(tmp_path / "b"), str(tmp_path / "a")])
    assert [(e.kind, e.id, e.distribution) for e in one[:6]] == [
        ("rule", "alpha.r", "alpha"),
        ("rule", "mid.r", "mid"),
        ("rule", "same", "alpha"),
        ("rule", "same", "mid"),
        ("rule", "same", "zeta"),
        ("rule", "zeta.r", "zeta"),
    ]


def test_no_archive_reader_is_imported_unless_an_archive_is_on_the_path(tmp_path: Path) -> None:
    rule(tmp_path / "a", "in-zip")
    archive = zipped(tmp_path / "a", tmp_path / "a.zip")
    code = """
        import sys
        from dagogy.host.discovery import discover
        before = set(sys.modules)
        found = {e.id for e in discover()}
        print("in-zip" in found, sorted({"zipfile", "importlib.metadata", "email.parser", "csv"} & (set(sys.modules) - before)))
    """  # noqa: E501
    assert python(code, path=[tmp_path / "gone"]).stdout == "False []\n"
    assert python(code, path=[archive]).stdout == "True ['zipfile']\n"
