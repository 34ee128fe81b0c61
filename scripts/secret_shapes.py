"""Makes `dagogy.api.secrets._gitleaks` from the configuration of gitleaks: `python scripts/secret_shapes.py
gitleaks.toml VERSION`.

Taken are the rules that know a token by a mark of its own. Those that look for a vendor's name beside a value
are left out, since dagogy judges `name: value` by the name itself; so are those for which it has a pattern
that also finds a token that was cut.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from pprint import pformat

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "core/src/dagogy/api/secrets/_gitleaks.py"
#: The frame of a rule that looks for a vendor's name and an equals sign.
_NAME_AND_VALUE = r"[\w.-]{0,50}?"
#: With patterns of our own in `_shapes`, or so general that they take hashes and pictures.
_LEFT_OUT = frozenset(
    {
        "curl-auth-header",
        "curl-auth-user",
        "facebook-access-token",
        "freemius-secret-key",
        "jwt",
        "jwt-base64",
        "kubernetes-secret-yaml",
        "nuget-config-password",
        "private-key",
        "sidekiq-sensitive-url",
        "sourcegraph-access-token",
        "square-access-token",
        "vault-service-token",
    }
)
_ENDS = (
    r"""(?:[\x60'"\s;]|\\[nr]|$)""",
    r"""(?:[\x60'"\s;]|\\[nr]|$|\b)""",
    r"(?:[^\w-]|\z)",
    r"(?:[^a-zA-Z0-9+/]|\z)",
)


def python_pattern(pattern: str) -> str:
    """A pattern of Go as one of Python: what must follow a token is looked at and not taken, flags within a
    pattern hold for its group.
    """
    for end in _ENDS:
        if pattern.endswith(end):
            pattern = pattern.removesuffix(end) + "(?![A-Za-z0-9])"
    pattern = pattern.replace("[[:alnum:]]", "[A-Za-z0-9]").replace(r"\z", r"\Z").replace(r"\x60", "`")
    while (at := pattern.find("(?i)", 1)) > 0:
        close = _end_of_group(pattern, at + 4)
        pattern = f"{pattern[:at]}(?i:{pattern[at + 4 : close]}){pattern[close:]}"
    return re.sub(r"^((?:\(\?i\))?)\\b", r"\1", pattern)


def _end_of_group(pattern: str, at: int) -> int:
    depth = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif pattern[at] == "(":
            depth += 1
        elif pattern[at] == ")":
            depth -= 1
            if depth < 0:
                return at
        at += 1
    return at


def main(source: str, version: str) -> None:
    rules = []
    for rule in tomllib.loads(Path(source).read_text(encoding="utf-8"))["rules"]:
        pattern = rule.get("regex", "")
        if (
            pattern
            and rule["id"] not in _LEFT_OUT
            and _NAME_AND_VALUE not in pattern
            and rule.get("keywords")
        ):
            pattern = python_pattern(pattern)
            start = "(?i)" if pattern.startswith("(?i)") else ""
            pattern = f"{start}(?<![A-Za-z0-9]){pattern.removeprefix(start)}"
            re.compile(pattern)
            rules.append((rule["id"], tuple(k.lower() for k in rule["keywords"]), pattern))
    TARGET.write_text(
        f'"""Tokens that have a mark of their own, by the rules of gitleaks {version} (MIT License, '
        "Copyright (c) 2019 Zachary Rice).\n\n"
        "Made by scripts/secret_shapes.py. A rule: its id, what a text must hold in small letters for it to "
        "be asked, its pattern.\n"
        f'"""\n\n{_notice()}\n\n# fmt: off\n# ruff: noqa: E501\n'
        f"RULES: tuple[tuple[str, tuple[str, ...], str], ...] = {pformat(tuple(rules), width=400)}\n",
        encoding="utf-8",
    )
    print(f"{len(rules)} rules in {TARGET.relative_to(ROOT)}")


def _notice() -> str:
    """The permission notice that the MIT License wants in every copy; ours, in
    LICENSE, has the same words.
    """
    words = (ROOT / "LICENSE").read_text(encoding="utf-8").split("\n\n", 2)[2].strip()
    text = f"The patterns are under the MIT License, Copyright (c) 2019 Zachary Rice:\n\n{words}"
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))


if __name__ == "__main__":
    main(*sys.argv[1:3])
