"""The rule `quality.concept_title`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

import dagogy.api
from dagogy.api.rules import Field, Finding, Fix, Measure, Rule, RuleContext
from dagogy.api.text import Words, lazy_pattern, shorten
from dagogy.api.wording import unlike

#: Only a title with one of these characters can be markup, a table row, a path, a URL, a file
#: name or end like a sentence.
_SPECIAL = lazy_pattern(r"[|`*<\[&#/\\.!。！}$]")
_LATEX = lazy_pattern(r"\}\{|\\(?:begin|end)\{|\$\$")
#: One alternative for each kind of markup; the tags are those of running text, and both ends must be there:
#: `Box<T>` is not markup.
_MARKUP = lazy_pattern(
    r"""
      \*\*(?=\S).{1,300}?(?<=\S)\*\*                                        # **bold**
    | ^\*(?=\S)[^*]+(?<=\S)\*$                                        # *all of it in italics*
    | !\[[^\]]{0,300}\]\(                                                                          # an image
    | \[[^\]]{1,300}\]\((?:https?:|mailto:|\#|\.{0,2}/|[\w/-]+\.\w+\)) | ^\[[^\]]+\]\([^)\s]*\)$   # links
    | <(b|i|u|s|em|strong|a|p|div|span|h[1-6]|code|li|td|th|sub|sup|small|font)\b[^<>]*>.{1,300}</\1>
    | \S<br\s*/?>\S
    | &nbsp; | \S[ ]&amp;[ ]\S
    | ^\#{1,6}\s+\S                                                   # the mark of a heading
    | ^[-*•]\s+\S                                                     # the mark of a list item
    """,
    re.VERBOSE,
)
_LINK = lazy_pattern(r"!?\[([^\]]{0,300})\]\([^)]{0,300}\)")
_TAG = lazy_pattern(r"</?[a-z][a-z0-9]*\b[^<>]*>")
_LEADING_MARK = lazy_pattern(r"^(?:#{1,6}|[-*•])\s+")
_TABLE_ROW = lazy_pattern(r"^\|[^|]*\|.*\|$|^\|\s.*\s\|$|\S \| .{0,300}?\S \| \S")
_URL = lazy_pattern(r"\b(?:https?|ftp|file)://[\w-]+[.:/]|^www\.\w+\.\w\S*$")
_FILE = lazy_pattern(r"^[\w()~%+-][\w.()~%+-]*\.([a-z0-9]{1,8})$", re.IGNORECASE)
_PATH = lazy_pattern(r"^(?:\.{1,2}/|~/|[A-Za-z]:\\)?(?:[\w.-]+[/\\])+[\w.-]+\.([a-z0-9]{1,8})$")
_NUMBERING = lazy_pattern(r"^(?:\d+(?:\.\d+)*[.):]?|[ivx]+[.)]|[a-z][.)])\s+")
_NUMBERED = lazy_pattern(
    r"(?:chapter|module|week|part|unit|lesson|lecture|session|day|step|section|appendix|kapitel|teil|chapitre|partie|capítulo|capitolo|глава|часть)"
    r"\s+(?:\d{1,2}(?:\.\d{1,2})*|[ivxl]+|[a-h])"
)
#: Of fewer titles than these nothing is said as a whole.
_FEWEST = 3
_EDGES = " \t.,:;!?*#_-–—…"


class ConceptTitle(Rule):
    """Titles are what learners navigate by and what other nodes are matched with, so each must name the
    concept it teaches. Text that was cut out of a document often does not: a sentence, a heading of the
    document's structure, a row of a table, a file.

    A title is a finding when it has no letter in it; is markup (bold or italic marks, links, paired HTML
    tags, heading or list marks, a backtick left open); is a table row; is or contains a URL; is a file name
    or a path; is nothing but a structural heading, numbered or not (`structural_titles`, `Chapter 3`,
    `Week 1`); is a sentence, which is to say that three words or more end in a full stop and not in one of
    `abbreviations`, that it ends in an exclamation mark and has one of `finite_words`, or that it has five
    words or more and begins with one of `sentence_openers`; or is longer than `max_words` or `max_chars`. A
    question is a fine title, and so are `Box<T>`, `Node.js`, `P(A|B)` and `Introduction to Logic`. A title of
    `ambiguous_titles` (in C++, `References` are a concept) passes where a core idea uses its singular.

    Whether a title is worded like administration, an assessment, a date, a holiday, a person or a part of a
    document is learned (`scripts/train_titles.py`) from what teachers named as concepts and as none in some
    400 course documents in 22 languages. A single title beyond `title_odds` is a warning, since the words do
    not tell a holiday from a lesson about it. Where the titles all together are worded so (their mean is
    beyond `curriculum_odds`), each of them that is rather that than a concept is an error.

    The measure `concepts` is the share of the nodes without a finding. It has the weight 100: a curriculum
    is worth at most the share of it that is one.

    Bad:
        `Honor code`, `Office hours`, `12 March`, `Thanksgiving break`, `Overview`, `## Recursion`,
        `notes.md`, `| Tides | 2 h |`, `This section explains how the tides come about.`

    Good:
        `Recursion`, `Tides`, `What is a knowledge graph?`

    How to fix:
        Name what is learned in a noun phrase. Delete a node that only stands for a heading, a date or a rule
        of the course, and hand its prerequisites on. Marks around a good title, and the full stop of a short
        one, are taken off by `validate --fix`.
    """

    class Options(dagogy.api.rules.Options):
        max_words: Annotated[
            int, Field(description="The most words in a title; official standards are long.", ge=1)
        ] = 20
        max_chars: Annotated[int, Field(description="The most characters in a title.", ge=1)] = 160
        title_odds: Annotated[
            float, Field(description="Log-odds from which on a title is taken for none of a concept.")
        ] = 2.2
        curriculum_odds: Annotated[
            float,
            Field(description="Mean log-odds from which on all titles together are taken for none."),
        ] = 0.5
        structural_titles: Annotated[
            tuple[str, ...],
            Field(
                description="Headings of a document, not concepts of its subject; compared as whole titles."
            ),
        ] = (
            "abstract", "overview", "introduction", "intro", "conclusion", "conclusions",
            "concluding remarks", "closing remarks", "final thoughts", "summary", "recap", "wrap-up",
            "wrap up", "key takeaways", "tl;dr", "further reading", "suggested reading",
            "recommended reading", "references", "bibliography", "works cited", "appendix", "appendices",
            "table of contents", "contents", "exercises", "homework", "examples", "preface", "foreword",
            "acknowledgements", "acknowledgments", "about this book", "about this course", "about the author",
            "course overview", "module overview", "chapter overview", "chapter summary",
            "learning objectives", "learning outcomes", "learning goals", "prerequisites", "next steps",
            "what's next", "glossary", "changelog", "misc", "miscellaneous", "other", "others", "untitled",
            "einleitung", "einführung", "überblick", "zusammenfassung", "fazit", "inhaltsverzeichnis",
            "literaturverzeichnis", "vorwort", "anhang", "conclusie", "inleiding", "samenvatting",
            "bibliographie", "table des matières", "avant-propos", "remerciements", "introducción",
            "conclusión", "conclusiones", "resumen", "bibliografía", "introduzione", "conclusione",
            "introdução", "conclusão", "введение", "заключение", "はじめに", "おわりに", "まとめ", "目次",
            "引言", "前言", "目录", "参考文献",
        )  # fmt: skip
        ambiguous_titles: Annotated[
            tuple[str, ...],
            Field(
                description=(
                    "Structural titles that also are concepts: they pass where a core idea uses the word "
                    "without its final s."
                )
            ),
        ] = ("references", "exercises", "examples")
        sentence_openers: Annotated[
            tuple[str, ...],
            Field(
                description=(
                    "What a sentence about the document begins with; for titles of five words or more."
                )
            ),
        ] = (
            "this section", "this chapter", "this module", "this lesson", "this course", "this unit",
            "this page", "this document", "this tutorial", "this article", "this part", "this week",
            "in this section", "in this chapter", "in this module", "in this lesson", "in this course",
            "in this unit", "in this tutorial", "in this article", "in this part", "here we", "here you",
            "we will", "we'll", "we are going to", "we have seen", "we learn", "we now", "you will", "you'll",
            "you should", "you are going to", "let us", "let's", "the learner will", "the student will",
            "students will", "learners will", "it is important", "there are several", "there are many",
            "make sure",
        )  # fmt: skip
        finite_words: Annotated[
            tuple[str, ...],
            Field(description="Words that make a sentence of what ends in an exclamation mark."),
        ] = (
            "is", "are", "was", "were", "am", "will", "has", "have", "do", "does", "don't", "must", "should",
            "can", "can't", "let's", "it's", "you'll", "we'll",
        )  # fmt: skip
        abbreviations: Annotated[
            tuple[str, ...], Field(description="Last words that keep their full stop, without it.")
        ] = (
            "etc", "al", "inc", "ltd", "co", "corp", "jr", "sr", "vs", "esp", "approx", "ca", "no", "st",
            "dept", "univ", "cent", "ed", "eds", "vol", "fig", "usw", "bzw",
        )  # fmt: skip
        file_extensions: Annotated[
            tuple[str, ...],
            Field(
                description=(
                    "Extensions that make a file name of a title without spaces; js is none, for Node.js."
                )
            ),
        ] = (
            "md", "mdx", "markdown", "rst", "adoc", "txt", "doc", "docx", "odt", "pdf", "ppt", "pptx", "xls",
            "xlsx", "csv", "tsv", "ipynb", "tex", "py", "rb", "rs", "java", "cpp", "htm", "html", "png",
            "jpg", "jpeg", "gif", "svg", "mp3", "mp4", "zip",
        )  # fmt: skip
        known_files: Annotated[
            tuple[str, ...], Field(description="File names that are taught as concepts of their own.")
        ] = (
            "robots.txt", "llms.txt", "humans.txt", "requirements.txt", "cmakelists.txt", "readme.md",
            "__init__.py", "__main__.py", "setup.py", "conftest.py", "build.rs",
        )  # fmt: skip

    def check(self, context: RuleContext, options: Options) -> Iterator[Finding | Measure]:
        judge = _Judge(options)
        odds = [unlike(node.title) for node in context.nodes]
        is_none = len(odds) >= _FEWEST and sum(odds) > options.curriculum_odds * len(odds)
        met: dict[str, bool] = {}
        for i, node in enumerate(context.nodes):
            title = node.title
            fault = judge.fault_at_a_glance(title)
            if fault and title.casefold() in judge.ambiguous and _uses_singular(title, node.core_ideas):
                met[node.id] = True
                continue
            met[node.id] = False
            if fault:
                yield Finding(
                    message=f"title of '{node.id}' {fault}: '{shorten(title)}'; name the concept",
                    pointer=f"/nodes/{i}/title",
                    node_id=node.id,
                    fix=judge.fix(title, f"/nodes/{i}/title"),
                )
            elif odds[i] > (0 if is_none else options.title_odds):
                yield Finding(
                    message=(
                        f"title of '{node.id}' is worded like a rule or date of the course or a part of a "
                        f"document, not like a concept: '{shorten(title)}'; name what is learned there, or "
                        "take the node out"
                    ),
                    pointer=f"/nodes/{i}/title",
                    node_id=node.id,
                    severity="" if is_none else "warning",
                )
            else:
                met[node.id] = True
        yield Measure("concepts", met, weight=100)


class _Judge:
    def __init__(self, options: ConceptTitle.Options) -> None:
        self.options = options
        self.structural = frozenset(map(str.casefold, options.structural_titles))
        self.ambiguous = frozenset(map(str.casefold, options.ambiguous_titles))
        self.openers = tuple(opener.casefold() + " " for opener in options.sentence_openers)
        self.finite = frozenset(map(str.casefold, options.finite_words))
        self.abbreviations = frozenset(map(str.casefold, options.abbreviations))
        self.extensions = frozenset(map(str.casefold, options.file_extensions))
        self.known_files = frozenset(map(str.casefold, options.known_files))
        numbered = (
            "chapter module week part unit lesson lecture session day step section appendix kapitel teil "
            "chapitre partie capítulo capitolo глава часть"
        )
        #: The first words of all that is recognised by its beginning.
        self.heads = frozenset(
            entry.partition(" ")[0] for entry in (*self.structural, *self.openers, *numbered.split())
        )

    def fault_at_a_glance(self, title: str) -> str:
        """As `fault`; most titles show nothing that a faulty one could be told by."""
        options = self.options
        if (
            title[0].isalpha()
            and title.casefold().partition(" ")[0].rstrip(_EDGES) not in self.heads
            and len(title) <= options.max_chars
            and title.count(" ") < options.max_words
            and not _SPECIAL.search(title)
        ):
            return ""
        return self.fault(title)

    def fault(self, title: str) -> str:
        """What is wrong with a title, as the middle of a sentence; an empty string when nothing is."""
        text = title.strip()
        if not any(
            c.isalpha() or (not c.isascii() and not c.isalnum() and c.isprintable() and c not in _EDGES)
            for c in text
        ):
            return "has no word in it"
        if len(text) > self.options.max_chars:
            return f"has {len(text)} characters, at most {self.options.max_chars} are wanted"
        return (
            self._foreign(text)
            or self._structure(text.casefold())
            or self._sentence(text)
            or self._length(text)
        )

    def _foreign(self, text: str) -> str:
        if not _SPECIAL.search(text) and text[0] not in "-•":
            return ""
        for pattern, fault in ((_LATEX, "is a piece of a formula"), (_TABLE_ROW, "is a table row")):
            if pattern.search(text):
                return fault
        if _MARKUP.search(text) or text.count("`") % 2:
            return "is markup"
        if _URL.search(text):
            return "has a URL in it"
        file = _FILE.match(text) or _PATH.match(text)
        if file and file[1].casefold() in self.extensions and text.casefold() not in self.known_files:
            return "is the name of a file"
        return ""

    def _structure(self, folded: str) -> str:
        bare = folded.strip(_EDGES)
        bare = _NUMBERING.sub("", bare) or bare
        if _NUMBERED.fullmatch(bare):
            return "is only a number in the structure of a document"
        parts = bare.replace(" & ", " and ").split(" and ")
        return "is a heading of a document's structure" if all(p in self.structural for p in parts) else ""

    def _sentence(self, text: str) -> str:
        spoken = Words.of(text)
        if len(spoken) >= 5 and text.casefold().replace("’", "'").startswith(self.openers):
            return "is a sentence about the document"
        if self._ends_in_a_stop(text, len(spoken)):
            return "ends in a full stop"
        if (
            text[-1] in "!！"
            and len(spoken) >= 5
            and not self.finite.isdisjoint(w.replace("’", "'") for w in spoken)
        ):
            return "is an exclamation"
        return ""

    def _ends_in_a_stop(self, text: str, count: int) -> bool:
        if text[-1] != "。" and (text[-1] != "." or count < 3 or text.endswith("..")):
            return False
        last = text.rsplit(None, 1)[-1][:-1].casefold().strip("()[]\"'")
        is_initial = len(last) == 1 and last.isalpha()
        return not is_initial and "." not in last and last not in self.abbreviations

    def _length(self, text: str) -> str:
        count = len(text.split())
        return (
            f"has {count} words, at most {self.options.max_words} are wanted"
            if count > self.options.max_words
            else ""
        )

    def fix(self, title: str, path: str) -> Fix | None:
        """Takes marks and a full stop off, where that leaves a title that nothing is wrong with."""
        if len(title) > self.options.max_chars:
            return None
        plain = _LEADING_MARK.sub("", title.strip())
        plain = _TAG.sub("", _LINK.sub(r"\1", plain)) if _MARKUP.search(plain) else plain
        plain = plain.replace("**", "") if _MARKUP.search(plain) else plain
        plain = plain[1:-1] if re.fullmatch(r"\*[^*]+\*", plain) else plain
        plain = " ".join(plain.replace("&nbsp;", " ").replace(" &amp; ", " & ").split())
        # Of a longer text the full stop may be the lesser fault: it may well be a sentence.
        if len(plain.split()) <= 4 and self.fault(plain) == "ends in a full stop":
            plain = plain.rstrip(".。")
        if not plain or plain == title or self.fault(plain):
            return None
        patch = [
            {"op": "test", "path": path, "value": title},
            {"op": "replace", "path": path, "value": plain},
        ]
        return Fix(safety="safe", description=f"write the title as '{shorten(plain)}'", patch=patch)


def _uses_singular(title: str, ideas: list[str]) -> bool:
    singular = title.casefold().removesuffix("s")
    return any(singular in Words.of(idea) for idea in ideas)
