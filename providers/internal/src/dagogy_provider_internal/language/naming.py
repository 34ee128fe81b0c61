"""Names of concepts: cleaning a title, its aliases, the phrases by which texts mention it, and its id."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from dagogy.api.text import Words

from dagogy_provider_internal.language.keys import ARTICLES, UNSPACED, is_unspaced, word_forms
from dagogy_provider_internal.language.numbering import is_plain, without_numbering, without_symbols

_PAIRED = re.compile('[][(){}“”（）「」『』«»"`]')
_MARKUP = re.compile(r"\*\*|__|`|\[\[|\]\]|</?[a-zA-Z][^<>]{0,40}/?>(?=\S|$)")
_GLOSS = re.compile(r"^(.{2,80}?)(?:\s*:\s+|\s+[-–—]{1,2}\s+)(\S.*)$", re.DOTALL)
_PARENTHESIS = re.compile(r"(?:(?<!\s)\s+)?\(([^()]{1,60})\)\s*$")
_OPENERS = re.compile(
    r"^(?:an? |the )?(?:(?:introduction|intro|overview|basics?|fundamentals?"
    r"|survey|review|theory|concept|use|principles?|definition|"
    r"properties) (?:to|of) (?:the |an? )?|"
    r"what (?:is|are) (?:the |an? )?|how to |understanding |introducing "
    r"|defining |working with |using |more (?:on|about) |about |all about )",
    re.IGNORECASE,
)
_UNIT = (
    r"min(?:ute)?s?\.?|h(?:rs?|ours?)?\.?|std\.?|stunden?|minuten|heures?|horas?|minutos?|ore|uur"
    r"|мин\w*\.?|час\w*|days?|tage?|pages?|pp\.?|points?|"
    r"pts\.?|credits?|"
    r"ects|分钟?|小时|時間|분|시간"
)
_DURATION = re.compile(
    rf"(?:(?<!\s)\s+)?(?:[(\[（]\s{{0,3}}(?P<in>(?:~|ca\.?|approx\.?|about"
    rf"|≈)?\s{{0,3}}\d+(?:[.,]\d+)?(?:\s{{0,3}}[-–]\s{{0,3}}\d+(?:[.,]\d+)?)?\s{{0,3}}(?:{_UNIT}))"
    rf"\s{{0,3}}[)\]）]|"
    rf"\s[-–—]\s{{0,3}}(?P<out>\d+(?:[.,]\d+)?\s{{0,3}}(?:{_UNIT})))\s*$",
    re.IGNORECASE,
)
_POINTER = re.compile(
    r"(?:(?<!\s)\s+)?(?:(?:->|→|=>|⇒)\s{0,3}(?:see\b|p\.|pp\.|ch\.|cf\.).{0,300}|[(\[](?:see|cf\.?|siehe"
    r"|s\.|voir|véase|vedi|zie|см\.|p\.|pp\.|ch\.|art\.|artt\.|§{1,2})\s[^()\[\]]{1,60}[)\]])$",
    re.IGNORECASE,
)
#: `Definition 3 (Tautology).`
_STATED = re.compile(
    r"^(?:definition|theorem|lemma|proposition|corollary|axiom|principle|law|rule|satz|définition|théorème"
    r"|lemme|corollaire|definición|teorema|lema|corolario|"
    r"definizione|определение|теорема|лемма)(?:\s+\d[\d.]*)?\s*\((?P<name>[^()]{2,60})\)\.?$",
    re.IGNORECASE,
)
#: The weight of a topic in an examination (`22%`, `(18 %)`), with what a table sums up behind the last of
#: them.
_WEIGHT = re.compile(
    r"(?:(?<!\s)\s+)?[(\[]?\d{1,3}(?:[.,]\d+)?(?:\s?[-–]\s?\d{1,3})?\s?[%％][)\]]?(?:\s+(?:total|sum"
    r"|gesamt)\s+\d{1,3}\s?%?)?\s*$",
    re.IGNORECASE,
)
_EDGES = " \t:;,–—-|、。：；"
#: The mark of a quotation in front of a title, and a title whose dashes are its own (`--quiet`).
_QUOTED, _OPTION = re.compile(r"^(?:>\s+)+"), re.compile(r"^--?\w")
#: Longer texts are no titles, and are left as they are.
_MAX_TITLE = 300
_LEADER = re.compile(
    r"(?:(?<!\s)\s+)?(?:(?:\.\s?){4,160}|…{2,160}|·{3,160}|_{3,160})\s{0,3}(?:\d{1,4}|[ivxlc]{1,6})?\s{0,3}$",
    re.IGNORECASE,
)
_SENTENCE_OPENING = re.compile(
    r"^(?:this|these|we|you|it|in this|here|there (?:is|are)|i|they)\b", re.IGNORECASE
)


def tidy_title(text: str) -> str:
    """A heading, lead, cell or item as a title: numbering, pictograms, markup, lengths in time and closing
    punctuation removed.
    """
    return " ".join(text.split()) if is_plain(text) else _tidied(text)


@lru_cache(maxsize=20_000)
def _tidied(text: str) -> str:
    title = " ".join(_MARKUP.sub("", without_numbering(without_symbols(text))).split())
    title = title.rstrip(" ;,")
    stated = _STATED.match(title)
    title = stated["name"] if stated else title
    for end in (_LEADER, _POINTER, _DURATION, _WEIGHT) if len(title) <= _MAX_TITLE else ():
        title = end.sub("", title) or title
    title = _QUOTED.sub("", title).rstrip(_EDGES)
    title = title if _OPTION.match(title) else title.lstrip(_EDGES)
    if title.endswith(".") and not title.endswith(("etc.", "...")) and title.count(".") == 1:
        title = title[:-1]
    return title


def has_leader(text: str) -> bool:
    """Whether dots lead to a page number, as in a printed table of contents."""
    return len(text) <= _MAX_TITLE and not is_plain(text) and bool(_LEADER.search(text))


def stated_length(text: str) -> str:
    """The length in time or pages at the end of a title (`Scales (30 min)`), or an empty string."""
    match = None if is_plain(text) else _DURATION.search(text)
    return (match["in"] or match["out"]).strip() if match else ""


def split_gloss(text: str) -> tuple[str, str]:
    """`Name: gloss` or `Name - gloss` apart; `(text, "")` where there is none, or where the first
    part is too long for a name.
    """
    match = None if is_plain(text) else _GLOSS.match(text)
    if (
        match
        and len(match[1].split()) <= 8
        and not match[1].rstrip().endswith((".", "?"))
        and (match[2].rstrip().endswith((".", "。")) or len(match[2].split()) >= 7)
    ):
        return match[1], match[2]
    return text, ""


_THAT_IS = re.compile(
    r"^(?P<name>.{2,80}?),\s+(?:i\.\s?e\.|that is(?: to say)?|in other words"
    r"|d\.\s?h\.|c['’]est-à-dire|es decir|cioè|т\.\s?е\.|то есть),?\s+(?P<gloss>\S.*)$",
    re.DOTALL,
)
_SEPARATED = re.compile(r"^(?P<name>.{2,80}?)(?P<mark>\s*:\s+|\s+[-–—]{1,2}\s+)(?P<gloss>\S.*)$", re.DOTALL)
#: `剣山：花を留める針の台`: the colon of East Asian typography needs no space.
_WIDE_SEPARATED = re.compile(r"^(?P<name>[^：:。、，]{1,20})：\s*(?P<gloss>\S.{2,})$", re.DOTALL)
_CUE = re.compile(
    r"(?:(?<!\s)\s+)?\((?P<cue>(?:builds? (?:up)?on|needs?|requires?|depends? on"
    r"|after|prerequisites?:?|assumes|comes after)\s+[^()]{2,100})\)\s*$",
    re.IGNORECASE,
)
_LABEL_WORDS, _GLOSS_WORDS = 6, 2


def split_cue(text: str) -> tuple[str, str]:
    """`Hydration (needs baker's percentages)` apart: the text without the cue at its end, and the cue. Any
    other parenthesis stays.
    """
    match = _CUE.search(text) if ")" in text else None
    return (text[: match.start()], match["cue"].strip()) if match and match.start() >= 2 else (text, "")


def split_label(text: str) -> tuple[str, str]:
    """The name and the gloss of a plain list item (`Sourdough starter: flour and water fermented`);
    `(text, "")` where there is none.

    A name has at most six words, a gloss at least two (`C++: templates` is one name). A dash with a capital
    behind it may be part of a name (`Newton - Raphson method`), so there the gloss has to be longer. A number
    in front (`Week 2: …`) is no name.
    """
    if is_plain(text):
        return text, ""
    name, gloss = split_gloss(text)
    if gloss:
        return name, gloss
    plain = without_numbering(without_symbols(text))
    restated = _THAT_IS.match(plain)
    if restated and len(restated["name"].split()) <= _LABEL_WORDS:
        return restated["name"], restated["gloss"]
    wide = _WIDE_SEPARATED.match(plain)
    if wide and is_unspaced(wide["gloss"]):
        return wide["name"], wide["gloss"]
    match = _SEPARATED.match(plain)
    if (
        match is None
        or len(match["name"].split()) > _LABEL_WORDS
        or match["name"].rstrip().endswith((".", "?", "!"))
    ):
        return text, ""
    if match["name"].count("(") != match["name"].count(")"):
        return text, ""
    capital = not match["mark"].lstrip().startswith(":") and match["gloss"][:1].isupper()
    return (
        (match["name"], match["gloss"])
        if len(match["gloss"].split()) >= _GLOSS_WORDS + 2 * capital
        else (text, "")
    )


def is_sentence(title: str) -> bool:
    """Whether a would-be title is rather a sentence or too long for a name. Sixteen words is where the
    longest names of school standards end.
    """
    count = len(title.split())
    if count > 22 or len(title) > 140:
        return True
    ends = title.endswith(("!", "。", "！")) or (title.endswith(".") and not title.endswith("etc."))
    return (ends and count > 7) or (count > 6 and bool(_SENTENCE_OPENING.match(title)))


def aliases(title: str) -> list[str]:
    """The names in `X (Y)` and `X, or Y`; the title itself first."""
    names = [title]
    match = _PARENTHESIS.search(title) if ")" in title else None
    if match and title[: match.start()].strip():
        names.append(title[: match.start()].strip())
        if len(match[1].split()) <= 4 and any(c.isalpha() for c in match[1]):
            names.append(match[1].strip())
    return names


_SYMBOL = re.compile(r"^(?:\$[^$]{1,12}\$|[^\W\d_])$")
_ALSO = re.compile(
    r"^(?:also(?: called| known as)?|or|aka|a\.k\.a\.|auch|oder|ou|o|también|также|или)[:,]?\s+",
    re.IGNORECASE,
)


def same_names(title: str) -> list[str]:
    """The names under which another title is the same concept. A parenthesis that is an abbreviation, a
    symbol or says "also" is another name; any other may tell two concepts apart (`Functions (linear)`,
    `Functions (quadratic)`)."""
    match = _PARENTHESIS.search(title) if ")" in title else None
    base = title[: match.start()].strip() if match else ""
    if match is None or not base:
        return [title]
    inside = match[1].strip()
    if _ALSO.match(inside):
        return [title, base, *(n.strip() for n in re.split(r",\s+", _ALSO.sub("", inside)))]
    if _abbreviates(inside, base) or _abbreviates(base, inside):
        return [title, base, inside]
    if _SYMBOL.match(inside):
        return [title, base]  # which names nothing on its own
    return [title]


def _abbreviates(short: str, long: str) -> bool:
    """Whether `short` is made of letters of `long`, in order and from the initials of its
    words: `API`, `RegEx`, `k-NN`.
    """
    letters = [c for c in short if c.isalnum()]
    if (
        not 2 <= len(letters) <= 8
        or " " in short.strip()
        or not (sum(c.isupper() for c in letters) >= 2 or short.endswith("."))
    ):
        return False
    low = "".join(letters).lower()
    parts = [w for w in re.split(r"[\W_]+", long.lower()) if w]
    distinctive = [w for w in parts if w not in Words.STOP]
    if any(
        form in ("".join(w[0] for w in parts), "".join(w[0] for w in distinctive))
        for form in (low, low.removesuffix("s"))
    ):
        return True
    rest = iter("".join(parts))
    return (
        bool(parts) and low[0] == parts[0][0] and len(low) >= len(distinctive) and all(c in rest for c in low)
    )


def core_name(title: str) -> str:
    """The title without what only says how it is treated: `Introduction to X`, `What is X?`, `Using X`."""
    core = _OPENERS.sub("", title.rstrip("?!. ")).strip()
    return core or title


def running_name(title: str) -> str:
    """What a title names, as it is said within a sentence: `upper ontologies` of
    `Introduction to upper ontologies`, `the cell` of `Introduction to the cell`, `Ownership` of `What is
    Ownership?`. A title that opens with a gerund is kept whole, for what follows is its object."""
    opener = _OPENERS.match(title)
    if opener is None or title.split(" ", 1)[0].lower().endswith("ing"):
        return title
    article = opener[0].split()[-1].lower()
    return f"{article} {core_name(title)}" if article in ("the", "a", "an") else core_name(title)


def phrase(name: str) -> tuple[str, ...]:
    """The word forms by which a text mentions `name`."""
    found = word_forms(name)
    while len(found) > 1 and found[0] in ARTICLES:
        found = found[1:]
    return tuple(found)


def phrases(names: Iterable[str]) -> list[tuple[str, ...]]:
    """All phrases that mention a concept with these names, without repetition. A phrase of stop words alone
    mentions nothing.
    """
    found: dict[tuple[str, ...], None] = {}
    for name in names:
        for form in (name, core_name(name)):
            parts = phrase(form)
            if parts and any((p not in Words.STOP and len(p) > 1) or UNSPACED.match(p) for p in parts):
                found.setdefault(parts)
    return list(found)


def _slug(title: str) -> str:
    spelled = title.replace("+", " plus ").replace("#", " sharp ").replace("&", " and ")
    ascii_text = Words.normalized(spelled, "NFKD").encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    if len(slug) > 60:
        slug = slug[:60].rpartition("-")[0] or slug[:60]
    letters = sum(c.isalnum() for c in title)
    return slug if sum(c.isalnum() for c in slug) * 2 > letters else ""


def assign_ids(titles: Sequence[str]) -> list[str]:
    """An id for each title, made of the title alone, so that it stays when the document is reordered.

    Titles that have no Latin form get a hash of themselves; titles that share a slug are
    told apart by the same hash.
    """
    slugs = [_slug(t) for t in titles]
    counts: dict[str, int] = {}
    for slug in slugs:
        counts[slug] = counts.get(slug, 0) + 1
    out: list[str] = []
    taken: set[str] = set()
    for title, slug in zip(titles, slugs, strict=True):
        digest = hashlib.sha256(Words.normalized(title, "NFC").encode()).hexdigest()[:8]
        name = f"c-{digest}" if not slug else slug if counts[slug] == 1 else f"{slug}-{digest}"
        extra = 2
        while name in taken:
            name, extra = f"{name.rpartition('--')[0] or name}--{extra}", extra + 1
        taken.add(name)
        out.append(name)
    return out


def balanced(text: str) -> bool:
    """Whether each bracket, quotation mark and backtick of `text` has its partner."""
    if not _PAIRED.search(text):
        return True
    pairs = all(
        text.count(a) == text.count(b) for a, b in ("()", "[]", "{}", "“”", "（）", "「」", "『』", "«»")
    )
    return pairs and text.count('"') % 2 == 0 and text.count("`") % 2 == 0
