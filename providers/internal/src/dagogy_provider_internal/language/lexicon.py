"""General English knowledge of the provider: labels, and cue phrases of sentences. Nothing here names a
subject's concepts.

A text in another language matches none of these lists and is read by its structure alone.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from dagogy.api.text import Words

# ----------------------------------------------------------------------------------------- columns and labels

#: What a table column or the label in front of a sentence says of the text: name, definition, fact, pitfall,
#: practice, example, requires.
_COLUMN_WORDS = (
    (
        "requires",
        (
            r"builds? (?:up)?on|prerequisites?|requires?|required"
            r"|depends? on|needs?|after|prior|follows|based on|comes after"
        ),
    ),
    (
        "pitfall",
        (
            r"mistakes?|pitfalls?|misconceptions?|errors?|traps?|beware"
            r"|cautions?|warnings?|watch out|do not|don'?t|danger"
        ),
    ),
    (
        "practice",
        (
            r"check|exercises?|practi[cs]e|tasks?|tests?|assessment|activity"
            r"|activities|mastery|try|do|assignment|project|outcomes?|can do"
        ),
    ),
    ("example", r"examples?|illustration|e\.g\."),
    (
        "definition",
        r"definition|meaning|what it is|what is it|what|description|gloss|explanation|in short|means",
    ),
    (
        "fact",
        (
            r"facts?|details?|notes?|key (?:points?|ideas?|facts?)"
            r"|ideas?|contents?|covers|remarks?|why|comments?"
        ),
    ),
)
_COLUMNS = [(role, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)) for role, pattern in _COLUMN_WORDS]
#: The columns that name concepts, the surest first: of a table with modules and topics the topics are taught.
_NAME_COLUMNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        (
            r"^(?:(?:main|key|core|lecture|lesson|class|weekly|course) )?(?:topics?|concepts?|terms?|skills?"
            r"|subjects?|ideas?|themes?|notions?"
            r"|techniques?|theorems?|temas?|th[èe]mes?|themen?|themengebiete?|conceptos?|begriffe?"
            r"|argoment[oi]|onderwerp(?:en)?|temat[y]?"
            r"|тем[аыи]|主题|主題|テーマ|学習内容|주제)(?: (?:taught|covered|of the (?:week|day|class)))?$"
        ),
        r"^(?:names?|titles?|courses?|what we do|we cover|lessons?)$",
        r"^(?:modules?|units?)$",
    )
)


def name_rank(header: str) -> int:
    """How surely a column with this header names concepts: 0 the surest, `NO_NAME` where it does not."""
    head = " ".join(header.split())
    return next((rank for rank, pattern in enumerate(_NAME_COLUMNS) if pattern.match(head)), NO_NAME)


NO_NAME = len(_NAME_COLUMNS)


def column_role(header: str) -> str:
    """`name`, `requires`, `pitfall`, `practice`, `example`, `definition`, `fact`, or an empty
    string for any other column.
    """
    head = " ".join(header.split())
    if name_rank(head) < NO_NAME:
        return "name"
    return next((role for role, pattern in _COLUMNS if pattern.search(head)), "")


_LABELS = (
    (
        "pitfall",
        (
            r"(?:a |one )?(?:(?:common|frequent|typical|usual) )?"
            r"(?:mistakes?|errors?|pitfalls?|misconceptions?|traps?|faults?)|warnings?|"
            r"cautions?|beware|watch out|gotchas?|don'?ts?"
        ),
    ),
    (
        "practice",
        (
            r"check(?: yourself)?|practi[cs]e|exercise|test(?: yourself)?|try it"
            r"|try this|verify(?: by hand)?|task|self[- ]check|mastery check|"
            r"you can check it by|result to look for|assignment|activity|quiz|do"
        ),
    ),
    ("example", r"for example|examples?|e\.g\."),
    ("requires", r"builds? on|prerequisites?|requires|depends on|needs|before this|first learn"),
    ("definition", r"definition|in short|what it is|meaning"),
    ("fact", r"notes?|tip|remark|fact|key facts?|key idea|details?|why"),
)
#: The same in other languages, where no space need follow the colon.
_LABELS_ELSEWHERE = (
    (
        "pitfall",
        (
            r"常见错误|常見錯誤|误区|よくある間違い|注意点|خطأ شائع|أخطاء شائعة"
            r"|טעות נפוצה|(?:частая |типичная )?ошибка|häufiger fehler|typischer fehler|"
            r"erreurs? (?:courante|fréquente)s?|errores? com[uú]n(?:es)?|errore comune|erro comum"
        ),
    ),
    (
        "practice",
        (
            r"练习|練習|习题|課題|تمرين|نشاط|תרגיל|упражнение|задание|übung|aufgabe|exercice|ejercicio|esercizio"
            r"|exercício|oefening"
        ),
    ),
    ("example", r"例如|例|مثال|דוגמה|לדוגמה|пример|beispiel|exemple|ejemplo|esempio|exemplo"),
    ("definition", r"定义|定義|تعريف|הגדרה|определение|definición|définition|definizione|definição"),
)
_LABEL_ELSEWHERE = [
    (role, re.compile(rf"^(?:{pattern})\s*[:：]\s*", re.IGNORECASE)) for role, pattern in _LABELS_ELSEWHERE
]
_SETS_OFF = re.compile("[:：.–—]")
_LABEL = [(role, re.compile(rf"^(?:{pattern})\s*[:.–—]\s+", re.IGNORECASE)) for role, pattern in _LABELS]


def label(text: str) -> tuple[str, str]:
    """The role that a label in front of `text` gives it, and the text without the
    label; `("", text)` without one.
    """
    for role, pattern in (*_LABEL, *_LABEL_ELSEWHERE) if _SETS_OFF.search(text) else ():
        match = pattern.match(text)
        if match:
            return role, text[match.end() :]
    return "", text


# -------------------------------------------------------------------------------------------------- sentences

_PITFALL_STRONG = re.compile(
    r"\b(?:(?:common|frequent|typical|usual|classic) "
    r"(?:mistake|error|fault|trap|pitfall|misconception|confusion)|mistakes?|"
    r"misconceptions?|fallacy|pitfalls?|beware|wrong to|is wrong|careful"
    r"|caution|mislead\w*|deceives?|easily (?:mistaken|confused)|"
    r"confus\w+|(?:is|are) a trap|frequent trap|poor guide|must not|should not|shouldn['’]t|"
    r"not a guarantee|(?:is|are) not proof|does not prove|danger\w*|trap is)\b"
    r"|(?:^|[,;:]\s)(?:but )?(?:do not|don['’]t|never|avoid)\b",
    re.IGNORECASE,
)
#: The same in other languages, as far as a few words tell it.
_PITFALL_ELSEWHERE = re.compile(
    r"不要|切勿|切忌|误区|常见错误|常見錯誤|注意[：:,,]|間違い|誤解|しないで|[てで]は(?:いけ|ならな)|"
    r"\b(?:не путайте|нельзя|никогда не|ошибк\w+|осторожно|неверно|заблуждени\w+)\b"
    r"|لا ت(?:خلط|ستخدم|ستعمل|نس|ضع|ضف|فترض)|خطأ شائع|احذر|تجنب|"
    r"לא לבלבל|טעות נפוצה|זהירות|(?:^|\s)אל ת\w+|אסור|"
    r"\b(?:häufiger fehler|nicht verwechseln|achtung|vorsicht|niemals"
    r"|vermeide\w*|irrtum|erreurs? (?:courante|fréquente)s?|attention|évite[rz]?|"
    r"ne (?:pas )?confond\w+|ne jamais|errores? com[uú]n(?:es)?|no confund\w+"
    r"|cuidado|evit(?:e|ar|a)|nunca|errore comune|attenzione|mai confondere|"
    r"erro comum|não confund\w+|veelgemaakte fout|pas op|yaygın hata|dikkat)\b",
    re.IGNORECASE,
)
_PITFALL_WEAK = re.compile(
    r"\b(?:unlike|however|although|though|but|rather than|instead of"
    r"|cannot|can['’]t|not every|not all|is not|isn['’]t|are not|"
    r"aren['’]t|does not|doesn['’]t|do not|fails?|only if|only when|unless|"
    r"without|otherwise|surprising\w*|despite|even (?:if|though|when)"
    r"|limit\w*|distinction|differ\w*|contradict\w*|paradox\w*|error|"
    r"restrict\w*|whereas|error-prone|by contrast|except|problem|difficult\w*)\b",
    re.IGNORECASE,
)
_SHOWN = (
    r"(?:commands?|tables?|figures?|diagrams?|examples?|listings?|code|lists?"
    r"|steps?|outputs?|snippets?|programs?|pictures?|equations?|formulas?|text)"
)
_POINTER = re.compile(
    r"\b(?:as (?:discussed|mentioned|described|shown|noted)"
    r"|another (?:chapter|section|listing)|(?:this|next|previous|following) "
    r"(?:section|chapter|concept|lesson|document|page)|in this (?:section|chapter|example)|"
    r"let['’]s|^let us|see (?:also|below|above|the|another)|check out"
    r"|refer to|we['’]ll|we will|you['’]ll (?:need|learn|see)|below "
    r"(?:are|is)|here['’]?s|here is|for more (?:details|options|information)|the following|"
    r"in the example|filename|listing)\b|"
    rf"\b{_SHOWN} (?:below|above)(?=[,.;:)]|$| (?:and|or|to|then|in|into|is"
    rf"|are|has|have|was|were|can|\w+s)\b)|\bthe (?:above|below) {_SHOWN}\b|"
    # A page of a manual, or the part of one where the matter is really told.
    r"\b(?:(?:described|documented|explained|covered|listed|discussed|treated"
    r"|defined|specified) (?:further )?(?:in|by|under)|see|read|consult) "
    r"(?:the )?(?:[\w.:-]+\(\d\w?\)|(?:manual|man) page|manual"
    r"|documentation|appendix|(?:section|chapter|appendix) \w+)",
    re.IGNORECASE,
)

_LEARN = r"know|understand|learn|study|read|tackle|approach|master"
#: What has to be learned first, said in so many words. A step of a procedure ("let it rest
#: before you shape it") is none.
_PREREQUISITE = re.compile(
    rf"^(?:once|now that) (?:you|we) (?:{_LEARN}|have (?:seen|met|learne?[dt]"
    r"|understood|mastered|studied|read)|are (?:familiar|comfortable))\b|"
    rf"^before (?:(?:you|we) )?(?:can )?(?:{_LEARN}|(?:learn|study|read|tackl|approach|master)ing)\b|"
    r"^(?:you|we|one|(?:the )?(?:learners?|students?|readers?)) (?:will |should |must |first )*"
    rf"(?:needs? (?!to\b)|(?:needs? to )?(?:first )?(?:{_LEARN})\b).*\b(?:before|first)\b|"
    r"^(?:\S+ ){1,8}(?:presupposes?|builds? (?:up)?on"
    r"|assumes? (?:that you|(?:\w+ ){0,2}(?:knowledge|familiarity))|"
    r"(?:requires?|needs?) (?:\w+ ){0,3}(?:knowledge|understanding|familiarity)"
    r"|(?:is|are) (?:an? )?prerequisites?)\b",
    re.IGNORECASE,
)
#: The same in other languages.
_PREREQUISITE_ELSEWHERE = re.compile(
    r"先(?:要)?(?:了解|掌握|学习|學習|学会|學會|理解|知道|懂得|熟悉|弄懂|明白)"
    r"|先修|を前提と|前に[^。]{0,100}(?:理解|学)|"
    r"\bsetzt\b.{0,200}\bvoraus\b|\bbaut auf\b.{0,200}\bauf\b"
    r"|\bvoraussetzung(?:en)? (?:ist|sind|für)\b|\bprésuppose|"
    r"\b(?:nécessite|requiert|requiere|richiede|requer|exige) (?:\w+ ){0,3}"
    r"(?:connaissances?|compréhension|maîtrise|connaître|comprendre|conocimientos?|"
    r"conocer|comprender|saber|entender|conoscenza|conoscere|conhecimento)\b|\bпредполагает знани",
    re.IGNORECASE,
)
#: A predicate of need with a short object: a prerequisite if that names a concept that comes before.
NEEDS = re.compile(
    r"^(?:\S+ ){1,8}?(?:requires?|needs?|depends? on|relies on|"
    r"erfordert|benötigt|braucht|nécessite|requiert|requiere|necesita|richiede|requer|требует|vereist)\s"
    r"(?P<what>\S+(?: \S+){0,7} ?)$|需要(?P<short>[^，。,]{1,16})。?$",
    re.IGNORECASE,
)


@lru_cache(maxsize=100_000)
def is_prerequisite(sentence: str) -> bool:
    """Whether a sentence says what has to be learned before, and nothing of the matter itself."""
    return bool(_PREREQUISITE.match(sentence) or _PREREQUISITE_ELSEWHERE.search(sentence))


#: Of each pattern, what any match of it has in it: most sentences have none of these, and a
#: look for them costs a tenth.
_STRONG_HINTS = tuple(
    (
        "mis confus trap error fault fallacy pitfall beware wrong careful caution deceive guide not n't n’t "
        "proof prove danger never avoid"
    ).split()
)
_POINTER_HINTS = (
    "discuss", "mention", "describ", "shown", "noted", "section", "chapter", "listing", "concept", "lesson",
    "document", "page", "example", "let", "see ", "check out", "refer", "we'll", "we’ll", "we will", "you'll",
    "you’ll", "below", "above", "here", "for more", "following", "filename", "explain", "cover", "treat",
    "defin", "specif", "list", "read ", "consult", "manual", "appendix",
)  # fmt: skip


@lru_cache(maxsize=100_000)
def pitfall_strength(sentence: str) -> int:
    """2: it warns in so many words; 1: it contrasts or limits; 0: neither."""
    small = sentence.lower()
    if any(hint in small for hint in _STRONG_HINTS) and _PITFALL_STRONG.search(sentence):
        return 2
    return 2 if _PITFALL_ELSEWHERE.search(sentence) else 1 if _PITFALL_WEAK.search(sentence) else 0


@lru_cache(maxsize=100_000)
def is_pointer(sentence: str) -> bool:
    """Whether a sentence only steers the reader through the document and says
    nothing when taken out of it.
    """
    small = sentence.lower()
    return (
        any(hint in small for hint in _POINTER_HINTS) and bool(_POINTER.search(sentence))
    ) or sentence.rstrip().endswith((":", "…", "..."))


# Verbs that ask for something a learner can be seen doing. Used as imperatives, and as gerunds ("Computing
# …") turned back to them.
VERBS = frozenset(
    (
        "add adapt adjust analyze analyse annotate apply approximate arrange ask assemble assess assign bake "
        "balance bring build calculate call capture carry change check choose circle cite classify collect "
        "combine compare compile complete compose compute configure confirm connect construct contrast "
        "convert copy correct count create cut debug decide decompose define demonstrate deploy derive "
        "describe design determine develop diagnose differentiate display distinguish divide document draw "
        "edit estimate evaluate examine execute expand explain express extend extract factor feed fetch fill "
        "find fit fix fold follow force form formulate generalize generate get give graph group hold "
        "identify implement improve infer inspect install integrate interpret invert join judge justify "
        "knead label link list locate log look make map mark match measure mix model modify move multiply "
        "name negate note observe open order organize outline perform photograph pick ping place plan plot "
        "point practice predict prepare present press print produce program prove publish put query rank "
        "read recognize record reduce relate remove rename repeat replace report represent reproduce rescale "
        "rest restate rewrite roll round run sample save scale score search select send separate serve set "
        "shape show simplify simulate sketch solve sort split stack start state stop store stretch structure "
        "subtract summarize support swap take taste tell test throw time trace transform translate try turn "
        "type use validate verify visualize wash watch weigh work write"
    ).split()
)
#: Verbs that come after "and" or a comma and name what must come out.
OUTCOME_VERBS = frozenset(
    (
        "confirm check verify expect find see show observe report name count measure explain compare get "
        "list note tell prove weigh decide read record"
    ).split()
)
_IRREGULAR = {
    "putting": "put",
    "cutting": "cut",
    "running": "run",
    "getting": "get",
    "setting": "set",
    "fitting": "fit",
    "splitting": "split",
    "stopping": "stop",
    "planning": "plan",
    "mapping": "map",
}


@cache
def imperative_of(word: str) -> str:
    """The plain form of a verb in `VERBS` given as itself or as a gerund, else an empty string."""
    low = word.lower()
    if low in VERBS:
        return low
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if low.endswith("ing"):
        base = low[:-3]
        tries = (
            base,
            f"{base}e",
            base[:-1] if len(base) > 2 and base[-1] == base[-2] else "",
            f"{base[:-1]}ie" if base.endswith("y") else "",
        )
        return next((t for t in tries if t in VERBS), "")
    return ""


_LETTERS = re.compile(r"[A-Za-z]+")


def is_imperative(sentence: str) -> bool:
    opening = _LETTERS.match(sentence)
    if opening is None or opening[0].lower() not in VERBS:
        return False
    first = Words.of(sentence[:60])[:2]
    return (
        bool(first)
        and first[0] in VERBS
        and sentence[:1].isupper()
        and not (len(first) > 1 and first[1] in {"is", "are", "has", "have", "was", "can", "types", "of"})
    )


# ------------------------------------------------------------------------------------------------------ order

#: Title words of what tends to be taught early or late. General words of syllabi in all fields.
EARLY = frozenset(
    (
        "basic basics introduction intro introductory introducing getting started start fundamental "
        "fundamentals foundation foundations elementary simple first begin beginning beginner terminology "
        "overview what why installation installing setup primer definition defining defined define intuition"
    ).split()
)
LATE = frozenset(
    (
        "advanced application applications applying analysis comparing comparison optimizing optimization "
        "optimisation survey project proof proofs proving performance miscellaneous tuning extending "
        "extension extensions improving improvement further modeling modelling deriving derive prove "
        "diagnosis troubleshooting debugging deploying deployment deploy case theorem theorems design"
    ).split()
)
#: Number words of names that form a series ("Rule for two variables", "Rule for three variables").
NUMBER_WORDS = {
    w: n for n, w in enumerate("zero one two three four five six seven eight nine ten".split())
} | {
    "first": 1,
    "second": 2,
    "third": 3,
    "i": 1,
    "ii": 2,
    "iii": 3,
    "iv": 4,
}
