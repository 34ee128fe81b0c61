#!/usr/bin/env python3
"""Writes the cases whose order or prerequisites come from packages of PyPI, npm and Debian.

    build_from_packages.py FOLDER        FOLDER holds the unpacked packages, each under its own name

The packages, and how to get them (licences and versions: LICENSES.md):

    apt-get download python3.11-doc nim-doc metamath-databases libdeal.ii-doc    then dpkg-deb -x EACH FOLDER/NAME
    npm pack javascripting@2.7.4                                                  then tar xf EACH, as FOLDER/javascripting
    pip download --no-deps --no-binary :all: sympy==1.14.0 sqlalchemy==2.1.9      then tar xf EACH, as FOLDER/sympy, FOLDER/sqlalchemy

Code, tables, links and numbers of sections are taken out of the texts, which are cut to their first paragraphs. What the packages say of the order is not in the texts.
"""

from __future__ import annotations

import argparse
import html
import json
import re
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from pathlib import Path

from build_cases import Item, write

#: Characters of prose kept of a section, as in the benchmark: paragraphs are taken until there are LEAST, and cut at MOST.
LEAST, MOST = 260, 900
#: Sections that open or close a book and teach nothing themselves.
FRAME = re.compile(r"^(?:introduction|conclusion|summary|part \d|more examples|next steps|further reading.*|overview)$", re.IGNORECASE)


def shortened(paragraphs: Iterable[str], most: int = MOST) -> str:
    kept: list[str] = []
    for paragraph in paragraphs:
        text = " ".join(paragraph.split()).rstrip(":") + ("." if paragraph.rstrip().endswith(":") else "")
        if sum(map(len, kept)) >= LEAST:
            break
        kept.append(text if len(text) <= most else text[:most].rsplit(". ", 1)[0] + ".")
    return "\n\n".join(kept)


# ------------------------------------------------------------------------------------------------------------------ reStructuredText


def rst_inline(text: str) -> str:
    text = re.sub(r"(?:the )?:(?:ref|doc|numref):`[\w-]+`(?: section)?", "another section", re.sub(r"\[#[\w-]*\]_", "", text))
    text = re.sub(r":math:`\\mathrm\{\\(\w+)\}`", r"\1", text)
    text = re.sub(r":[\w:.-]+:`[~.](?:[^`<]*\.)?([^`<.]+)`", r"`\1`", text)  # only the last part is shown
    text = re.sub(r":(?:ref|doc|term):`([^`<]+?)\s*(?:<[^>]*>)?`", r"\1", text)
    text = re.sub(r":[\w:.-]+:`!?([^`<]+?)\s*(?:<[^>]*>)?`", r"`\1`", text)
    text = re.sub(r"`([^`<]+)\s+<[^>]*>`_+", r"\1", text)
    return re.sub(r"``([^`]*)``", r"`\1`", re.sub(r"`([^`]+)`_+", r"\1", text))


def rst_sections(text: str, underlines: str) -> list[tuple[str, list[str]]]:
    """Titles with their paragraphs, of sections whose title is underlined with one of the characters; what else has a title ends a section."""
    lines = text.splitlines()
    out: list[tuple[str, list[str]]] = []
    inside, block = False, list[str]()

    def flush() -> None:
        joined = "\n".join(block)
        if inside and block and not re.match(r"\s|\.\.|>>>|[-*+=|] ?|\d+\.|:\w+:|#\.", block[0]) and joined.strip() != "::":
            out[-1][1].append(rst_inline(re.sub(r"::$", ":", joined)))
        block.clear()

    for i, line in enumerate(lines):
        after = lines[i + 1] if i + 1 < len(lines) else ""
        if line.strip() and re.match(r"([=\-~^*#])\1{2,}$", after) and len(after) + 1 >= len(line.rstrip()):
            flush()
            inside = after[0] in underlines
            if inside:
                out.append((rst_inline(line.strip()).replace("`", ""), []))
        elif not line.strip():
            flush()
        elif not re.match(r"([=\-~^*#])\1{2,}$", line):
            block.append(line)
    flush()
    return out


def from_rst(files: list[Path], underlines: str = "=-~^", most: int = MOST) -> list[Item]:
    items: dict[str, Item] = {}
    for path in files:
        for title, paragraphs in rst_sections(path.read_text(encoding="utf-8"), underlines):
            if not FRAME.match(title) and paragraphs:
                items.setdefault(title, Item(title, shortened(paragraphs, most)))
    return list(items.values())


# ------------------------------------------------------------------------------------------------------------------------------ HTML


class _Sections(HTMLParser):
    """The headings of a page, and the paragraphs under each."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []
        self._into: list[str] | None = None
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("h1", "h2") or tag == "p" and self.found:
            self._into = []
        elif tag in ("pre", "table"):
            self._skipped += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in ("pre", "table"):
            self._skipped -= 1
        elif tag in ("h1", "h2") and self._into is not None:
            self.found.append(("".join(self._into).strip(), []))
            self._into = None
        elif tag == "p" and self._into is not None:
            if text := "".join(self._into).strip():
                self.found[-1][1].append(text)
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None and not self._skipped:
            self._into.append(data)


def from_html(files: list[Path]) -> list[Item]:
    items = []
    for path in files:
        parser = _Sections()
        parser.feed(path.read_text(encoding="utf-8"))
        items += [Item(title, shortened(text, 420).replace("\n\n", " ")) for title, text in parser.found if text and not FRAME.match(title)]
    return items


# ------------------------------------------------------------------------------------------------------------------------- the cases


def python_tutorial(root: Path) -> list[Item]:
    pages = root / "python3.11-doc/usr/share/doc/python3.11/html/_sources/tutorial"
    names = "interpreter introduction controlflow datastructures modules inputoutput errors classes stdlib stdlib2 venv floatingpoint".split()
    return from_rst([pages / f"{n}.rst.txt" for n in names], "=")


def sympy_tutorial(root: Path) -> list[Item]:
    pages = root / "sympy/doc/src/tutorials/intro-tutorial"
    return from_rst([pages / f"{n}.rst" for n in "intro gotchas basic_operations printing simplification calculus solvers matrices manipulation".split()])


def sqlalchemy_tutorial(root: Path) -> list[Item]:
    pages = root / "sqlalchemy/doc/build/tutorial"
    names = "engine dbapi_transactions metadata data_insert data_select data_update orm_data_manipulation orm_related_objects".split()
    return from_rst([pages / f"{n}.rst" for n in names], "-~^", 420)


def nim_tutorial(root: Path) -> list[Item]:
    items = from_html(sorted((root / "nim-doc").rglob("tut[123].html")))
    return [item for item in items if item.label != "Type conversions"]  # part 2; as a name it is the "Type Conversion" of part 1


def javascripting(root: Path) -> list[Item]:
    package = root / "javascripting"
    items = []
    for title in json.loads((package / "menu.json").read_text(encoding="utf-8")):
        text = (package / "problems" / title.lower().replace(" ", "-") / "problem.md").read_text(encoding="utf-8")
        text = re.sub(r"```.*?```", "", text.split("## The challenge")[0], flags=re.DOTALL)
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)|^#.*$|^---$", r"\1", text, flags=re.MULTILINE)
        items.append(Item(title.capitalize(), shortened(re.split(r"\n\s*\n", text.strip()), 500).replace("\n\n", " ")))
    return items[1:]  # the first tells how to use the program


# -- definitions of set.mm: what a definition uses comes before it. The names of the concepts are ours.
ALGEBRA = {
    "mgm": "Magma", "sgrp": "Semigroup", "mnd": "Monoid", "mhm": "Monoid homomorphism", "submnd": "Submonoid", "grp": "Group",
    "minusg": "Inverse of a group element",
    "mulg": "Group multiple", "subg": "Subgroup", "nsg": "Normal subgroup", "ghm": "Group homomorphism", "gim": "Group isomorphism", "ga": "Group action",
    "cntz": "Centralizer", "cntr": "Center", "symg": "Symmetric group", "od": "Order of an element", "pgp": "p-group", "slw": "Sylow p-subgroup",
    "cmn": "Commutative monoid", "abl": "Abelian group", "cyg": "Cyclic group", "mgp": "Multiplicative group of a ring", "ring": "Ring",
    "cring": "Commutative ring", "oppr": "Opposite ring", "dvdsr": "Divisibility in a ring", "unit": "Unit of a ring", "irred": "Irreducible element",
    "invr": "Multiplicative inverse", "dvr": "Ring division", "rnghom": "Ring homomorphism", "drng": "Division ring", "field": "Field", "subrg": "Subring",
    "abv": "Absolute value on a ring", "lmod": "Left module", "lss": "Linear subspace", "lsp": "Linear span", "lmhm": "Module homomorphism",
    "lmim": "Module isomorphism", "lbs": "Basis", "lvec": "Left vector space", "rgmod": "Ring as a module over itself", "lidl": "Left ideal",
    "rsp": "Ring span", "2idl": "Two-sided ideal", "lpidl": "Principal ideal", "lpir": "Principal ideal ring", "nzr": "Nonzero ring",
    "rlreg": "Left-regular element", "domn": "Domain", "idom": "Integral domain", "pid": "Principal ideal domain",
    "assa": "Associative algebra", "asp": "Algebraic span",
}  # fmt: skip
TOPOLOGY = {
    "top": "Topology", "bases": "Topological basis", "topon": "Topology on a set", "topsp": "Topological space", "cld": "Closed set", "ntr": "Interior",
    "cls": "Closure", "nei": "Neighborhood", "lp": "Limit point", "perf": "Perfect space", "cn": "Continuous function",
    "cnp": "Continuity at a point", "lm": "Convergence of sequences", "t0": "Kolmogorov space", "t1": "Fréchet space", "haus": "Hausdorff space",
    "reg": "Regular space", "nrm": "Normal space", "cnrm": "Completely normal space", "cmp": "Compact space", "con": "Connected space",
    "1stc": "First-countable space", "2ndc": "Second-countable space", "tx": "Product topology", "hmeo": "Homeomorphism", "hmph": "Homeomorphic spaces",
    "fbas": "Filter base", "fg": "Generated filter", "fil": "Filter", "ufil": "Ultrafilter", "fm": "Filter map", "flim": "Limit of a filter",
    "fcls": "Cluster point of a filter",
    "tmd": "Topological monoid", "tgp": "Topological group", "met": "Metric", "xmet": "Extended metric", "bl": "Ball of a metric",
    "mopn": "Open sets of a metric space", "ms": "Metric space", "xms": "Extended metric space", "nm": "Norm", "ngp": "Normed group",
    "nrg": "Normed ring", "nlm": "Normed module",
    "nvc": "Normed vector space", "cfil": "Cauchy filter", "cau": "Cauchy sequence", "cmet": "Complete metric", "cms": "Complete metric space",
    "bn": "Banach space", "ii": "Unit interval", "htpy": "Homotopy", "phtpy": "Path homotopy", "phtpc": "Path homotopic functions",
    "pco": "Concatenation of paths",
    "om1": "Loop space", "pi1": "Fundamental group", "ust": "Uniform structure", "utop": "Topology of a uniform structure", "ucn": "Uniform continuity",
}  # fmt: skip


def metamath(root: Path, names: dict[str, str]) -> list[Item]:
    text = (root / "metamath-databases/usr/share/metamath/databases/set.mm").read_text(encoding="utf-8")
    found: dict[str, tuple[str, list[str]]] = {}
    for m in re.finditer(r"\$\(\s((?:(?!\$\)).)*?)\$\)\s+(?:\$\{\s+)?(?:\$d[^$]*\$\.\s+)*df-(\w+) \$a \|- (.*?) \$\.", text, re.DOTALL):
        found.setdefault(m[2], (m[1], m[3].split()))
    symbol = {found[n][1][0]: n for n in names}
    items = []
    for name, label in names.items():
        comment, formula = found[name]
        needs = sorted({symbol[s] for s in formula if s in symbol} - {name})
        items.append(Item(label, metamath_prose(comment), [], [names[n] for n in needs]))
    return items


def metamath_prose(comment: str) -> str:
    """The comment without attribution and references to the literature and to other labels, formulas as code."""
    text = re.sub(r"\((?:Contributed|Revised|Proof shortened)[^)]*\)", "", " ".join(comment.split()))
    text = re.sub(r"\(\s*(?:see\s+|See\s+)?(?:also\s+)?~ \S+(?: and ~ \S+)*\s*\)|,? see(?: also)? ~ \S+", "", text)
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z_])", text)
    kept = [
        s
        for s in sentences
        if "~ " not in s and "[" not in s and not re.match(r"(?:Definition|Theorem|Based on|Note)\b|[IVX]+\.\d", s) and not re.search(r"\d--\d", s)
    ]
    prose = re.sub(r"` ([^`]*) `", r"`\1`", " ".join(kept or sentences[:1])).replace(" ,", ",").replace(" .", ".")
    prose = re.sub(r"\s*~ \S+|\s*\[\w+\](?: p\. \w+)?", "", re.sub(r"_([\w -]+)_", r"\1", prose)).replace("&eacute;", "é")
    return shortened([prose], 700)


#: The tutorial programs of deal.II: which builds on which is what their pages say, the names are ours (the texts are not under a permissive licence).
DEALII = {
    1: "Creating a mesh", 2: "Degrees of freedom and sparsity patterns", 3: "First solution of Laplace's equation", 4: "Dimension-independent programs",
    5: "Variable coefficients and preconditioning", 6: "Adaptive refinement with hanging nodes", 7: "Helmholtz equation and measuring errors",
    8: "Elasticity with vector-valued elements", 9: "Advection equation with threads", 10: "Higher-order mappings", 11: "Mean value constraints",
    12: "Discontinuous Galerkin for advection", 13: "Modular program design", 14: "Dual-weighted error estimators", 15: "Minimal surface by Newton's method",
    16: "Multigrid on adaptive meshes", 17: "Parallel elasticity with PETSc", 18: "Quasi-static elasticity with moving meshes",
    19: "Charged particles in a field",
    20: "Mixed finite elements and Schur complements", 21: "Two-phase flow in porous media", 22: "Stokes equations", 23: "Wave equation",
    24: "Absorbing boundary conditions", 25: "Sine-Gordon solitons", 26: "Heat equation", 27: "hp finite elements", 28: "Neutron diffusion on several meshes",
    29: "Complex-valued Helmholtz equation", 30: "Anisotropic refinement", 31: "Boussinesq flow with temperature", 32: "Boussinesq flow in parallel",
    33: "Compressible Euler equations", 34: "Boundary element method", 35: "Projection solver for Navier-Stokes", 36: "Eigenvalue problems",
    37: "Matrix-free multigrid", 38: "Laplace-Beltrami equation on a surface", 39: "Interior penalty with multigrid", 40: "Distributed meshes",
    41: "Obstacle problem", 42: "Elasto-plastic contact", 43: "Adaptive operator splitting for two-phase flow", 44: "Finite-strain hyperelasticity",
    45: "Periodic boundary conditions", 46: "Fluid-structure coupling on subdomains", 47: "Biharmonic equation", 48: "Matrix-free explicit time stepping",
    49: "Reading and transforming meshes", 50: "Multigrid on distributed adaptive meshes", 51: "Hybridizable discontinuous Galerkin",
    52: "Runge-Kutta time stepping",
    53: "Curved geometries", 54: "CAD geometries", 55: "Parallel Stokes solver", 56: "Geometric multigrid for Stokes", 57: "Stationary Navier-Stokes by Newton",
    58: "Nonlinear Schrödinger equation", 59: "Matrix-free discontinuous Galerkin", 60: "Immersed domains with Lagrange multipliers",
    61: "Weak Galerkin method", 62: "Phononic crystals", 63: "Block smoothers for advection", 64: "Matrix-free on GPUs",
    65: "Transfinite interpolation of volumes",
    66: "Matrix-free nonlinear problems", 67: "Explicit discontinuous Galerkin for Euler", 68: "Particles advected by a flow",
    70: "Fluid-structure interaction with particles",
    72: "Automatic differentiation of the residual", 74: "Symmetric interior penalty", 75: "hp-adaptive multigrid",
}  # fmt: skip


def dealii(root: Path) -> list[Item]:
    pages = root / "libdeal.ii-doc/usr/share/doc/libdeal.ii-doc/html/doxygen/deal.II"
    items = []
    for number, label in DEALII.items():
        said = re.search(r"This tutorial depends on (.*?)\.\s*</", (pages / f"step_{number}.html").read_text(encoding="utf-8", errors="replace"), re.DOTALL)
        steps = sorted({int(n) for n in re.findall(r">step-(\d+)", html.unescape(said[1]))}) if said else []
        items.append(Item(label, needs=[DEALII[n] for n in steps if n in DEALII]))
    return items


def _head(name: str, kind: str, style: str, title: str, goal: str, audience: str, domain: str, *, order: bool, **notice: str) -> dict[str, str]:
    head = {
        "name": name,
        "kind": kind,
        "style": style,
        "title": title,
        "goal": goal,
        "audience": audience,
        "domain": domain,
        "scope_out": "Installation; History",
    }
    head |= {
        "intro": "Notes on the topics to be covered, unordered.",
        "prerequisites": "School mathematics" if kind in ("maths", "labels") else "Using a computer",
    }
    return head | notice | ({"order": "given"} if order else {})


def _cases() -> list[tuple[dict[str, str], Callable[[Path], list[Item]]]]:
    book = "The order of the sections is the truth. Openers, code, tables and links are left out."
    return [
        (
            _head(
                "pkg-python-tutorial",
                "book",
                "prose",
                "Python",
                "Write Python programs with classes, modules and exceptions.",
                "Programmers new to Python.",
                "Python",
                order=True,
                source="Debian python3.11-doc 3.11.2-6+deb12u9, html/_sources/tutorial",
                license="PSF-2.0",
                attribution="The Python Tutorial, Copyright 2001-2023 Python Software Foundation",
                revision="3.11.2",
                notes=book,
            ),
            python_tutorial,
        ),
        (
            _head(
                "pkg-sympy-tutorial",
                "book",
                "prose",
                "SymPy",
                "Do symbolic mathematics with SymPy.",
                "Students who know Python.",
                "symbolic computation",
                order=True,
                source="PyPI sympy 1.14.0 (sdist), doc/src/tutorials/intro-tutorial",
                license="BSD-3-Clause",
                attribution="Copyright (c) 2006-2023 SymPy Development Team",
                revision="1.14.0",
                notes=book,
            ),
            sympy_tutorial,
        ),
        (
            _head(
                "pkg-sqlalchemy-tutorial",
                "book",
                "prose",
                "SQLAlchemy",
                "Query and change a relational database from Python.",
                "Python programmers who know SQL.",
                "relational databases",
                order=True,
                source="PyPI sqlalchemy 2.1.9 (sdist), doc/build/tutorial",
                license="MIT",
                attribution="Copyright 2005-2026 SQLAlchemy authors and contributors",
                revision="2.1.9",
                notes=book,
            ),
            sqlalchemy_tutorial,
        ),
        (
            _head(
                "pkg-nim-tutorial",
                "track",
                "gloss",
                "Nim language concepts",
                "Write Nim programs from the first procedure to macros.",
                "Programmers new to Nim.",
                "Nim",
                order=True,
                source="Debian nim-doc 1.6.10-2, tut1.html to tut3.html",
                license="MIT",
                attribution="Copyright (C) 2006-2022 Andreas Rumpf and contributors",
                revision="1.6.10",
                notes=book,
            ),
            nim_tutorial,
        ),
        (
            _head(
                "pkg-javascripting",
                "track",
                "gloss",
                "JavaScript first steps",
                "Write small JavaScript programs.",
                "Beginners in programming.",
                "JavaScript",
                order=True,
                source="npm javascripting 2.7.4, menu.json and problems/*/problem.md",
                license="MIT",
                attribution="Copyright (c) 2014 Javascripting contributors",
                revision="2.7.4",
                notes="The order of the menu is the truth.",
            ),
            javascripting,
        ),
        (
            _head(
                "pkg-metamath-algebra",
                "maths",
                "prose",
                "Abstract algebra",
                "Know the structures of algebra and how they rest on each other.",
                "Students of mathematics.",
                "abstract algebra",
                order=False,
                source="Debian metamath-databases 0.0.0~20210101.git55fe226-2, set.mm",
                license="CC0-1.0",
                attribution="The set.mm contributors",
                revision="55fe226",
                notes="A concept is a definition, its prerequisites the definitions whose symbols occur in it. Names are ours.",
            ),
            lambda root: metamath(root, ALGEBRA),
        ),
        (
            _head(
                "pkg-metamath-topology",
                "maths",
                "prose",
                "Topology",
                "Know the kinds of spaces and maps and how they rest on each other.",
                "Students of mathematics.",
                "topology",
                order=False,
                source="Debian metamath-databases 0.0.0~20210101.git55fe226-2, set.mm",
                license="CC0-1.0",
                attribution="The set.mm contributors",
                revision="55fe226",
                notes="A concept is a definition, its prerequisites the definitions whose symbols occur in it. Names are ours.",
            ),
            lambda root: metamath(root, TOPOLOGY),
        ),
        (
            _head(
                "pkg-dealii-steps",
                "labels",
                "labels",
                "Finite element programs",
                "Write finite element programs for the equations of physics.",
                "Graduate students.",
                "finite elements",
                order=False,
                source="Debian libdeal.ii-doc 9.4.1-1, step_*.html",
                license="facts only (which program builds on which); names are ours",
                attribution="The deal.II authors",
                revision="9.4.1",
                notes="A program's page says which programs it depends on. No text taken.",
            ),
            dealii,
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, metavar="FOLDER")
    root = parser.parse_args().packages
    for head, read in _cases():
        print(write(head, read(root)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
