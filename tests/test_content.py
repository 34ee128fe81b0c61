"""What nodes say: sentences that stand alone and come from the source, tasks that fit the concept, and plain
words where the source is silent.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dagogy.api.documents import TopicSpec
from dagogy.api.providers import ProposeRequest, ProviderSettings
from dagogy.api.scope import ScopeDocument
from dagogy.api.text import sentences
from dagogy_reader_markdown.reader import read_markdown
from pydantic import TypeAdapter
from support import VALID_SPEC, CommandRunner, put

pytest.importorskip("dagogy_provider_internal")
from dagogy_provider_internal import dagogy_providers
from dagogy_provider_internal.checks import asked_for, criterion_for, handed_in, skill_criterion
from dagogy_provider_internal.concepts import find_concepts
from dagogy_provider_internal.estimates import effort
from dagogy_provider_internal.kinds import kind_of
from dagogy_provider_internal.lexicon import is_pointer
from dagogy_provider_internal.naming import key_words
from dagogy_provider_internal.passages import passages, whole_sentences
from dagogy_provider_internal.phrasing import doing, task_and_criterion, within
from dagogy_provider_internal.pitfalls import limit_strength
from dagogy_provider_internal.provider import Internal
from dagogy_provider_internal.statements import cleaned, statements

ROOT = Path(__file__).resolve().parents[1]


def _bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_content", ROOT / "scripts/bench_content.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = _bench()


def document(text: str) -> ScopeDocument:
    return read_markdown(text, source="notes.md", location="inputs/scope.md")


def spec(scope_in: list[str], **changes: Any) -> TopicSpec:
    limits = {
        "hours_per_week": 5,
        "total_hours_min": 1,
        "total_hours_max": 60,
        "depth": "practical",
        **changes.pop("constraints", {}),
    }
    values = {
        "spec_version": "1.0",
        "goal": "A goal",
        "audience": "Somebody",
        "prerequisites": [],
        "scope_in": scope_in,
        "scope_out": [],
        "constraints": limits,
        "domain_mode": "mature",
        "evidence_mode": "minimal",
        **changes,
    }
    return TypeAdapter(TopicSpec).validate_python(values)


def curriculum(text: str | None, items: list[str] | None = None, **changes: Any) -> dict[str, Any]:
    """What the provider proposes for a document, or for the items alone."""
    provider = Internal(next(iter(dagogy_providers())), ProviderSettings())
    if text is None:
        request = ProposeRequest(spec=spec(items or [], **changes))
    else:
        source = document(text)
        reading = provider.read_scope(source)
        request = ProposeRequest(
            spec=spec(items or [c.title for c in reading.concepts], **changes),
            sources=(source,),
            reading=reading,
        )
    made: dict[str, Any] = json.loads(json.dumps(provider.propose(request).curriculum))
    return made


def nodes(text: str | None, items: list[str] | None = None, **changes: Any) -> dict[str, dict[str, Any]]:
    return {n["title"]: n for n in curriculum(text, items, **changes)["nodes"]}


def stated(text: str) -> list[str]:
    """The statements about the first concept of a document."""
    concept = find_concepts(document(text)).concepts[0]
    return [s.text for s in statements(passages(concept), concept)]


def texts_of(node: dict[str, Any]) -> list[str]:
    check = node["mastery_check"]
    return [node["capability"], *node["core_ideas"], *node["pitfalls"], check["task"], check["pass_criteria"]]


LAW = (
    "# Contracts\n\n## Offer\n\nAn offer is a statement of terms that its maker is willing to be bound by "
    "(see *Smith v. Hughes*). It must be communicated to the other party. Let's look at a case. This allows "
    "the courts to judge it. Do not take an advertisement for an offer. However, an offer can lapse.\n\n"
    "## Acceptance\n\nAcceptance is the final and unqualified assent to all terms of an offer. Silence is "
    "not acceptance.\n\n## Consideration\n"
)

# ------------------------------------------------------------------------------------------------- statements


def test_a_pronoun_gives_way_to_the_name_and_what_cannot_stand_alone_is_left_out() -> None:
    assert stated(LAW) == [
        "An offer is a statement of terms that its maker is willing to be bound by.",
        "An offer must be communicated to the other party.",
        "Do not take an advertisement for an offer.",
        "An offer can lapse.",
    ]


def test_a_pronoun_of_another_number_or_after_another_context_is_not_resolved() -> None:
    text = (
        "# T\n\n## Stack\n\nA stack is a pile of values. They are kept in order. The processor has a "
        "pointer. It moves down.\n"
    )
    assert stated(text) == ["A stack is a pile of values.", "The processor has a pointer."]


@pytest.mark.parametrize(
    ("sentence", "longest", "kept"),
    [
        (
            "A trie stores words (in a tree), such as those of a dictionary, so a prefix is found.",
            60,
            "A trie stores words, so a prefix is found.",
        ),
        (
            (
                "A trie stores words by their letters; it takes more room than a plain list of the same "
                "words would."
            ),
            60,
            "A trie stores words by their letters.",
        ),
        (
            (
                "If a word of the dictionary is longer than the whole page of the book, it is broken at a "
                "syllable."
            ),
            60,
            "",
        ),
        ("The points (1,1) and (2,4) lie on it.", 60, "The points (1,1) and (2,4) lie on it."),
    ],
)
def test_a_sentence_is_shortened_by_what_it_can_do_without_or_not_at_all(
    sentence: str, longest: int, kept: str
) -> None:
    assert within(sentence, longest) == kept


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Know that a set has no order.", "A set has no order."),
        ("However, a set (see chapter 3) has no order.", "A set has no order."),
        ("For example, an empty set has none.", "An empty set has none."),
        ("Note that, as we saw earlier, sets differ.", "Note that, as we saw earlier, sets differ."),
        ("ls | wc counts files.", "ls | wc counts files."),
    ],
)
def test_what_ties_a_sentence_to_the_text_around_it_is_taken_off(text: str, expected: str) -> None:
    assert cleaned(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Miller calls it a price, e.g. a peppercorn, i.e. nothing.",
        "See Fig. 3 and Eq. 4 of version 3.5.",
        "Read https://example.org/a.b?c=d for it.",
        "Node.js and os.path.join are names.",
        "Это заряд, т. е. величина (см. рис. 3).",
        "“大火快炒。”是常用的方法。",
        "In this case, ! (negation) is first.",
    ],
)
def test_abbreviations_numbers_names_and_quotations_do_not_end_a_sentence(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("炒要先热锅。再下油。", ["炒要先热锅。", "再下油。"]),
        ("هل يتغير؟ نعم، عند الاتصال.", ["هل يتغير؟", "نعم، عند الاتصال."]),
        ("He said “stop.” Then he went.", ["He said “stop.”", "Then he went."]),
    ],
)
def test_sentences_end_at_the_marks_of_their_script_and_keep_their_quotation_marks(
    text: str, expected: list[str]
) -> None:
    assert sentences(text) == expected


def test_a_sentence_that_ends_inside_a_quotation_goes_on_to_its_end() -> None:
    assert whole_sentences("Say “if it is met, run. If not, skip.” Then go. Stop.") == [
        "Say “if it is met, run. If not, skip.”",
        "Then go.",
        "Stop.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        LAW,
        (
            "# 烹饪\n\n## 火候\n\n火候是指火力的大小。不要在油冒烟之后才下菜。大火快炒是常用的方法。\n\n"
            "## 刀工\n\n刀工是切食材的技术。切得一致,受热才均匀。\n"
        ),
        (
            "# Ток\n\n## Сила тока\n\nСила тока — это заряд за единицу времени, т. е. за секунду. Не "
            "путайте её с напряжением! (См. рис. 3.)\n"
        ),
        "# شبكات\n\n## الموجه\n\nالموجه جهاز ينقل الحزم. يستخدم جدول التوجيه. لا تخلط بينه وبين المبدل.\n",
        (
            "# T\n\n| Topic | Definition | Mistake |\n|---|---|---|\n| Here `<<EOF` |"
            " Feeds lines to stdin. | |\n| B | | Using [a](https://x.org/y) twice. |\n"
        ),
        "# T\n\n## A\n\nAn A is a very long thing "
        + "that goes on and on " * 60
        + "to its end. An A is short too. An A never breaks.\n",
    ],
)
def test_no_text_is_cut_off_or_has_half_a_bracket_in_any_script(text: str) -> None:
    for node in nodes(text).values():
        for message in texts_of(node):
            assert not bench.is_broken(message), message


# ----------------------------------------------------------------------------------------- ideas and pitfalls


def test_warnings_are_pitfalls_and_not_ideas() -> None:
    node = nodes(LAW)["Offer"]
    assert node["pitfalls"] == ["Do not take an advertisement for an offer."]
    assert not set(node["pitfalls"]) & set(node["core_ideas"])


def test_warnings_in_other_languages_are_pitfalls() -> None:
    found = nodes(
        "# Küche\n\n## Teig\n\nTeig ist Mehl und Wasser. Häufiger Fehler: zu viel Wasser. Der Teig muss "
        "ruhen. Er wird dann weich.\n"
    )["Teig"]
    assert any("zu viel Wasser" in p for p in found["pitfalls"])


SCRIPTS = {
    "ar": (
        (
            "# شبكات\n\n## الموجه\n\nالموجه جهاز ينقل الحزم بين الشبكات. هل يغير الموجه العنوان؟ لا، إلا عند "
            "الترجمة! يستخدم الموجه جدول التوجيه. لا تخلط بين الموجه والمبدل. تمرين: ارسم موجها بين "
            "شبكتين.\n\n## المبدل\n\nالمبدل جهاز يربط أجهزة الشبكة؛ ويتعلم عناوينها. للمبدل منافذ.\n"
        ),
        ["الموجه جهاز ينقل الحزم بين الشبكات.", "يستخدم الموجه جدول التوجيه."],
        "لا تخلط بين الموجه والمبدل.",
        "ارسم موجها بين شبكتين.",
    ),
    "he": (
        (
            "# בישול\n\n## בצק שמרים\n\nבצק שמרים הוא בצק שתופח. למה הבצק תופח? כי השמרים פולטים גז. הבצק נח "
            "שעה לפני העיצוב. אל תוסיפו מים חמים מדי! תרגיל: הכינו בצק מקמח לבן.\n\n## רוטב\n\n"
            "רוטב הוא נוזל סמיך. לרוטב יש טעם.\n"
        ),
        ["בצק שמרים הוא בצק שתופח.", "הבצק נח שעה לפני העיצוב."],
        "אל תוסיפו מים חמים מדי!",
        "הכינו בצק מקמח לבן.",
    ),
    "zh": (
        (
            "# 系统\n\n## 线程\n\n线程是进程内的执行单元。什么是线程栈？它保存局部变量。“线程安全”是指结果正"
            "确。每个线程都有自己的栈！常见错误：把线程和进程混为一谈。练习：写一个有两个线程的程序。\n\n"
            "## 死锁\n\n死锁是指进程互相等待。死锁时程序停止。\n"
        ),
        ["线程是进程内的执行单元。", "“线程安全”是指结果正确。", "每个线程都有自己的栈！"],
        "把线程和进程混为一谈。",
        "写一个有两个线程的程序。",
    ),
    "ja": (
        (
            "# 料理\n\n## だし\n\nだしは昆布からとる汁である。なぜ沸騰させないのか？雑味が出るからだ。「一番"
            "だし」は吸い物に使う。昆布は沸騰させてはいけない。練習：二合の米を炊きなさい。\n\n## 味噌汁\n\n"
            "味噌汁は味噌を溶いた汁です。味噌汁は朝に飲みます。\n"
        ),
        ["だしは昆布からとる汁である。", "「一番だし」は吸い物に使う。"],
        "昆布は沸騰させてはいけない。",
        "二合の米を炊きなさい。",
    ),
}


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_a_text_in_another_script_keeps_its_marks_and_says_what_it_says(script: str) -> None:
    text, ideas, pitfall, task = SCRIPTS[script]
    node = next(n for n in nodes(text).values() if ideas[0] in n["core_ideas"])
    assert node["core_ideas"] == ideas
    assert node["pitfalls"] == [pitfall]
    assert node["mastery_check"]["task"] == task
    for message in texts_of(node):
        assert not any(wrong in message for wrong in ("。.", "！.", "؟.", "!.", "？.", "\ufffd", "..")), (
            message
        )


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("只有四个条件同时成立时才会发生死锁。", 1),
        ("进程之间不能直接访问对方的内存。", 3),
        ("لا يجوز تغيير العنوان.", 3),
        ("אי אפשר להרתיח את המים.", 3),
        ("Le beurre ne doit pas brunir.", 3),
        ("Der Teig muss ruhen.", 1),
        ("To evaluate it, use doit.", 0),
        ("线程切换比进程切换快。", 0),
    ],
)
def test_limits_are_seen_in_other_languages(text: str, strength: int) -> None:
    assert limit_strength(text) == strength


def test_a_label_inside_a_paragraph_gives_its_role_to_its_own_sentence() -> None:
    text = (
        "# T\n\n## Rope\n\nA rope is a bundle of strands. Beware: `ls rope` lists none of them. Exercise: "
        "Count the strands of a rope. A rope holds.\n"
    )
    node = nodes(f"{text}\n## Oven\n\nAn oven is a box.\n")["Rope"]
    assert node["pitfalls"] == ["Beware: ls rope lists none of them."]
    assert node["mastery_check"]["task"] == "Count the strands of a rope."


def test_two_things_that_the_source_tells_apart_make_a_pitfall() -> None:
    text = (
        "# T\n\n## Orders\n\nAn order is a relation. An order is total or partial. Know the distinction "
        "between total orders and partial orders.\n"
    )
    assert nodes(text)["Orders"]["pitfalls"] == ["Mixing up total orders and partial orders."]


def test_what_another_section_says_of_a_concept_is_its_evidence_and_is_cited() -> None:
    text = (
        "# T\n\n## Baking\n\nBaking is heating dough in an oven. Levain is a portion of culture built for "
        "one bake. Never use levain that smells of mould.\n\n"
        "## Levain\n\n## Oven\n\nAn oven is a hot box. An oven keeps its heat.\n"
    )
    node = nodes(text, evidence_mode="strict")["Levain"]
    assert "Levain is a portion of culture built for one bake." in node["core_ideas"]
    assert node["pitfalls"] == ["Never use levain that smells of mould."]
    assert [r["citation"].split(",")[0] for r in node["resources"] if r["role"] == "other"] == ["line 5"]


def test_a_concept_that_others_were_merged_into_speaks_of_each_of_them() -> None:
    text = "# T\n\n" + "".join(
        f"## Group {g}\n\n"
        + "".join(
            f"### {n} {g}\n\nA {n.lower()} {g} is a part that holds the {n.lower()} of {g}.\n\n"
            for n in ("Wheel", "Axle", "Brake")
        )
        for g in ("one", "two")
    )
    merged = nodes(text, ["Group one"], constraints={"node_count_max": 2})
    for title, node in merged.items():
        message = " ".join(node["core_ideas"]).lower()
        assert all(name in message for name in ("wheel", "axle", "brake")), (title, node["core_ideas"])


@pytest.mark.parametrize(
    "expected",
    [
        "Run the commands below, then ping the host.",
        "Its options are described in network_namespaces(7).",
        "The table below lists the states.",
        "The figure above shows two flows.",
        "Compare the above listings.",
    ],
)
def test_what_points_to_another_place_is_neither_an_idea_nor_a_task(expected: str) -> None:
    node = nodes(
        f"# T\n\n## Conntrack\n\nA conntrack is a table of flows. {expected} A conntrack forgets a flow "
        f"after some time.\n\n- {expected}\n"
    )["Conntrack"]
    assert not any(expected.rstrip(".")[-12:] in t for t in texts_of(node))


def test_a_place_in_space_is_no_pointer() -> None:
    assert not is_pointer("The area of the figure above the axis is positive.")
    assert not is_pointer("Water freezes below zero.")


def test_a_sentence_whose_first_clause_is_about_it_gets_the_name_or_is_left_out() -> None:
    text = (
        "# T\n\n## {0}\n\n{0} is a table of the flows. When it is full the kernel drops new flows. When it "
        "is necessary to wait, wait.\n"
    )
    assert stated(text.format("Conntrack")) == [
        "Conntrack is a table of the flows.",
        "When it is necessary to wait, wait.",
    ]
    text = (
        "# T\n\n## Buffer\n\nA buffer is a store. If it is full, the writer waits. The writer has a pen. If "
        "it is empty, he stops.\n"
    )
    assert stated(text) == [
        "A buffer is a store.",
        "If a buffer is full, the writer waits.",
        "The writer has a pen.",
    ]


CAPTURE = (
    "# T\n\n## Netfilter hooks\n\nNetfilter hooks are places in the kernel where a packet can be looked at. "
    "A hook has a priority.\n\n## Packet capture\n\n"
    "Packet capture requires the netfilter hooks. {}Packet capture is the copying of packets as they pass an "
    "interface. Packet capture keeps the first bytes of each packet.\n"
)


@pytest.mark.parametrize(
    "expected",
    [
        "",
        "Once you know how the routing table selects a route, capture is easy.",
        "You need IP forwarding before you can capture across interfaces.",
    ],
)
def test_what_has_to_be_learned_first_is_neither_an_idea_nor_a_task(expected: str) -> None:
    node = nodes(CAPTURE.format(f"{expected} " * bool(expected)))["Packet capture"]
    assert node["core_ideas"] == [
        "Packet capture is the copying of packets as they pass an interface.",
        "Packet capture keeps the first bytes of each packet.",
    ]
    assert not any(
        "netfilter" in t or "once you know" in t.lower() or "You need" in t for t in texts_of(node)
    )


def test_what_has_to_be_learned_first_is_no_idea_in_another_language() -> None:
    text = (
        "# OS\n\n## 死锁\n\n学习死锁之前需要先了解互斥锁。死锁是指两个线程互相等待对方持有的锁。死锁发生时程"
        "序停止运行。\n\n## 互斥锁\n\n互斥锁是一种锁。\n"
    )
    assert not any("需要先" in t for t in texts_of(nodes(text)["死锁"]))


def test_a_need_stays_an_idea_where_it_names_no_concept_that_comes_before_or_little_else_is_said() -> None:
    fire = nodes(
        "# T\n\n## Fire\n\nA fire is a reaction that gives off heat. A fire needs oxygen. A fire spreads "
        "upwards.\n\n## Ash\n\nAsh is grey.\n"
    )["Fire"]
    assert any("needs oxygen" in t for t in texts_of(fire))
    alone = nodes(
        "# T\n\n## Map\n\nA map is a table.\n\n## Cache\n\n"
        "A cache is a store of results. A cache needs a map.\n"
    )["Cache"]
    assert "A cache needs a map." in alone["core_ideas"]


# ----------------------------------------------------------------------------------------- tasks and criteria


@pytest.mark.parametrize(
    ("title", "text", "kind"),
    [
        ("Lists vs sets", "A list keeps its order.", "judgement"),
        ("Choosing a remedy", "The usual remedy is damages.", "judgement"),
        ("Pythagorean theorem", "The theorem relates the sides.", "theorem"),
        ("Solving linear equations", "An equation is solved step by step.", "procedure"),
        ("Autolyse", "An autolyse is a technique for resting dough.", "procedure"),
        ("Closures", "Closures let you save a function.", "tool"),
        ("Offer", "An offer is a statement of terms.", "definition"),
        ("Type definitions", "Each has a name.", "definition"),
    ],
)
def test_the_kind_of_a_concept_follows_from_its_name_and_text(title: str, text: str, kind: str) -> None:
    concept = find_concepts(document(f"# T\n\n## {title}\n\n{text}\n\n## Other\n\nAn other.\n")).concepts[0]
    assert kind_of(concept.title, passages(concept)) == kind


def test_a_task_asks_for_more_with_more_depth() -> None:
    text = (
        "# T\n\n## Stack\n\nA stack is a pile of values. A stack gives back the last value first. A stack "
        "has no other end.\n\n## Queue\n\nA queue is a line.\n"
    )
    tasks = [
        nodes(text, constraints={"depth": depth})["Stack"]["mastery_check"]["task"]
        for depth in ("survey", "practical", "mastery")
    ]
    assert tasks == [
        (
            "Say without the source at hand, with one example of a stack, that a stack gives back the last "
            "value first."
        ),
        (
            "Teach a stack to somebody else with an example of your own; show on the example that a stack "
            "gives back the last value first."
        ),
        (
            "Teach a stack to somebody else with an example and a counterexample of your own; show on both "
            "why a stack gives back the last value first."
        ),
    ]


KNOTS = (
    "# Rope work\n\n## Bowline\n\nA bowline is a knot that makes a fixed loop. A bowline cannot be untied "
    "under load. A bowline holds in any rope of hemp.\n\n"
    "- Derive the load of the bowline from the load of the rope.\n"
    "- Describe the bowline to somebody who has no rope.\n\n"
    "## Splice\n\nA splice is a joint of two ropes. A splice keeps nine tenths of the strength of the rope. "
    "A splice needs no knot.\n\n"
    "## Whipping\n\nWhipping is a binding around the end of a rope. A whipping stops the strands from coming "
    "apart.\n"
)


def test_depth_and_evidence_mode_of_the_spec_reach_the_nodes_of_a_run(runner: CommandRunner) -> None:
    checks, questions = {}, {}
    for depth, mode in (("survey", "minimal"), ("practical", "standard"), ("mastery", "strict")):
        run = runner.init(depth)
        limits = {**VALID_SPEC["constraints"], "depth": depth}
        put(
            run / "inputs/topic_spec.json",
            {
                **VALID_SPEC,
                "scope_in": ["Bowline", "Splice", "Whipping"],
                "constraints": limits,
                "evidence_mode": mode,
            },
        )
        put(run / "inputs/scope.md", KNOTS)
        runner("run", run.name)
        made = json.loads((run / "outputs/curriculum/curriculum.json").read_bytes())
        checks[depth] = {n["title"]: n["mastery_check"]["task"] for n in made["nodes"]}
        questions[mode] = made.get("open_questions", [])
    assert checks["survey"]["Bowline"] == "Describe the bowline to somebody who has no rope."
    assert checks["practical"]["Bowline"] == "Derive the load of the bowline from the load of the rope."
    assert checks["mastery"]["Bowline"] == f"{checks['practical']['Bowline']} {checks['survey']['Bowline']}"
    assert (
        len({checks[depth]["Splice"] for depth in checks})
        == len({checks[depth]["Whipping"] for depth in checks})
        == 3
    )
    assert questions["minimal"] == questions["standard"] == []
    assert any("pitfalls" in q["question"] for q in questions["strict"])


@pytest.mark.parametrize(
    ("expected", "task", "criterion"),
    [
        pytest.param(
            "A knot is a loop in a rope. Examples include the bowline, the reef knot and the clove hitch.",
            (
                "Go through the bowline, the reef knot and the clove hitch, and add one of your own: say of "
                "each what makes it a case for a knot."
            ),
            "a knot is a loop in a rope",
            id="examples",
        ),
        pytest.param(
            "A knot is a loop that tightens under load.",
            "a loop that is something else",
            "only the first is one that tightens under load",
            id="genus",
        ),
        pytest.param(
            "The knot joins two ropes. A knot consists of a standing part, a bight and a working end.",
            "mark and name every part",
            "Nothing is left out of these: a standing part, a bight and a working end.",
            id="parts",
        ),
        pytest.param(
            "The knot joins two ropes. A knot takes 40 percent of the strength of the rope.",
            "figures of your own",
            "joins two ropes",
            id="figures",
        ),
        pytest.param(
            "The knot joins two ropes. Knots let you shorten a line.",
            "something of your own to shorten a line.",
            "joins two ropes",
            id="purpose",
        ),
        pytest.param(
            "The knot joins two ropes.",
            "Finish this sentence from memory",
            "the knot joins two ropes",
            id="one statement",
        ),
    ],
)
def test_a_task_is_made_of_what_the_source_says_of_the_concept(
    expected: str, task: str, criterion: str
) -> None:
    check = nodes(f"# T\n\n## Knot\n\n{expected}\n\n## Sail\n\nA sail is a cloth.\n")["Knot"]["mastery_check"]
    assert task in check["task"]
    assert criterion in check["pass_criteria"]


@pytest.mark.parametrize(
    "expected", ["220 °C for 30 minutes.", "3² × 3⁵ on the board.", "Café and crème at 60 °C."]
)
def test_only_a_clause_with_a_verb_follows_that(expected: str) -> None:
    text = (
        "# T\n\n## Roasting method\n\nThe roasting method is a process of heating food in an oven. "
        f"{expected} The food gets brown.\n"
    )
    check = nodes(text)["Roasting method"]["mastery_check"]
    assert f"that {expected[:6]}" not in f"{check['task']} {check['pass_criteria']}"


def test_an_outcome_may_name_what_to_find_and_a_further_task_is_none() -> None:
    text = "# T\n\n## Tracking\n\nTracking is a table of flows. {}\n\n## Oven\n\nAn oven is a box.\n"
    found = nodes(
        text.format("Fetch a page and find the entry of its flow and name both tuples of the tracking.")
    )["Tracking"]["mastery_check"]
    assert found["pass_criteria"] == "Name both tuples of the tracking."
    further = nodes(
        text.format("\n\n- Make tables of the tracking, find the missing values, and plot the pairs.")
    )["Tracking"]
    assert not further["mastery_check"]["pass_criteria"].startswith("Find")


@pytest.mark.parametrize(
    "title", ["Loops", "Ohm's law", "Solving equations", "Lists vs sets", "Sorting method"]
)
def test_a_criterion_names_what_is_looked_for_also_where_the_source_is_silent(title: str) -> None:
    assert title in nodes(None, [title, "Other"])[title]["mastery_check"]["pass_criteria"]


@pytest.mark.parametrize(
    ("title", "expected", "order"),
    [
        (
            "Sorting algorithms",
            "Sorting algorithms put the items of a list in order. Sorting algorithms compare items.",
            "",
        ),
        (
            "Sorting letters",
            "Sort the letters by their address. A clerk can sort forty letters in a minute.",
            "Sort letters",
        ),
        ("Finding antiderivatives", "An antiderivative is a function.", "Find antiderivatives"),
        ("Solving linear equations", "An equation has two sides.", "Solve linear equations"),
        ("Debugging", "Debugging is finding the cause of a failure.", ""),
    ],
)
def test_a_gerund_alone_or_before_a_plural_is_a_name_unless_the_source_uses_the_verb(
    title: str, expected: str, order: str
) -> None:
    assert doing(title, [expected]) == order
    node = nodes(f"# T\n\n## {title}\n\n{expected}\n\n## Other\n\nAn other is a thing.\n")[title]
    task, capability = node["mastery_check"]["task"], node["capability"]
    assert not task.startswith(("Sort algorithms", "Debug on", "Debug,"))
    assert not capability.startswith(("Sort algorithms", "Debug.", "Debug,"))
    if not order:
        silent = nodes(None, [title, "Other"])[title]
        assert title in silent["capability"]


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("A vector cannot hold two types.", 3),
        ("Unlike a list, a tuple has a fixed length.", 2),
        ("The name must be unique.", 1),
        ("A tuple holds values.", 0),
        ("New cooks commonly get stuck on emulsions.", 4),
        ("A query that names no table raises a LookupError.", 3),
        ("An int is a number, not a string.", 2),
        ("Numbers with no end are called irrational.", 0),
        ("You will need to turn a number into a string.", 0),
        ("It is not only fast but also small.", 0),
    ],
)
def test_failures_come_before_contrasts_and_these_before_conditions(text: str, strength: int) -> None:
    assert limit_strength(text) == strength


def test_a_limit_that_the_source_states_is_the_pitfall_and_no_idea() -> None:
    node = nodes(
        "# T\n\n## Vector\n\nA vector is a list of values. A vector grows at its end. A vector can only hold "
        "values of one type.\n"
    )["Vector"]
    assert node["pitfalls"] == ["A vector can only hold values of one type."]
    assert node["core_ideas"] == ["A vector is a list of values.", "A vector grows at its end."]


def test_a_limit_among_two_ideas_is_reported_as_overlooked_and_a_mere_fact_is_not() -> None:
    text = (
        "# T\n\n## Vector\n\nA vector is a list of values. A vector can only hold values of one type.\n\n"
        "## Map\n\nA map is a table. A map has keys.\n"
    )
    made = nodes(text)
    assert made["Vector"]["pitfalls"] == ["Overlooking that a vector can only hold values of one type."]
    assert made["Map"]["pitfalls"] == ["The source names no mistake with “Map”."]


@pytest.mark.parametrize(
    ("expected", "pitfall"),
    [
        (
            "A monoid is a semigroup that has a neutral element.",
            "Taking any semigroup for a monoid: it has to be one that has a neutral element.",
        ),
        ("A monoid is a semigroup such that this law is kept.", "The source names no mistake"),
        ("Errors are not thrown in monoids.", "Overlooking that errors are not thrown in monoids."),
        (
            "A monoid is a group that is not ordered by size.",
            "Taking any group for a monoid: it has to be one that is not ordered by size.",
        ),
        ("Be aware of the universal monoid.", "The source names no mistake"),
    ],
)
def test_a_definition_tells_a_mistake_by_what_it_shuts_out_and_not_by_a_denial_inside_it(
    expected: str, pitfall: str
) -> None:
    made = nodes(f"# T\n\n## Monoid\n\n{expected} A monoid has a name.\n\n## Oven\n\nAn oven is a box.\n")[
        "Monoid"
    ]["pitfalls"]
    assert made[0].startswith(pitfall)


def test_a_concept_is_set_against_the_one_that_is_defined_most_like_it() -> None:
    text = (
        "# T\n\n## Left ideal\n\nLeft ideals are subgroups closed under products from the left.\n\n"
        "## Right ideal\n\nRight ideals are subgroups closed under products from the right.\n\n## Oven\n\n"
        "Ovens are boxes that get hot.\n"
    )
    made = nodes(text)
    assert made["Left ideal"]["pitfalls"] == [
        (
            "Mixing up left ideal with right ideal: right ideals are subgroups closed under products from "
            "the right."
        )
    ]
    assert made["Oven"]["pitfalls"][0].startswith("The source names no mistake")


def test_a_limit_that_the_learner_is_to_know_is_a_pitfall() -> None:
    node = nodes(
        "# T\n\n## Sets\n\nA set is a collection of things. Sets have members.\n\n"
        "- Prove that the set of real numbers is not countable.\n"
    )["Sets"]
    assert node["pitfalls"] == ["The set of real numbers is not countable."]


def test_a_skill_is_checked_by_the_objects_and_the_way_that_it_names() -> None:
    message = skill_criterion(
        "Find the area of triangles, special quadrilaterals, and polygons by composing into rectangles."
    )
    assert message == (
        "There is a finished case for each of these: triangles, special quadrilaterals and polygons; "
        "the working shows the way: by composing into rectangles; somebody else who goes over it gets the "
        "same."
    )
    assert skill_criterion("Count to a hundred.") == ""


SETS = (
    "# T\n\n## Unions\n\nUnions make one set of two. A union keeps no order.\n\n"
    "- Know what it means for two sets to be equal.\n"
    "- Be able to prove simple statements involving all of these concepts.\n"
    "- Understand that a union has no doubles.\n- Show that they commute.\n"
    "- Interpret the union as a sum of sets.\n\n## Oven\n\nAn oven is a box.\n"
)


def test_ideas_are_statements_and_what_is_to_be_shown_is_one() -> None:
    node = nodes(SETS, constraints={"depth": "mastery"})["Unions"]
    assert node["core_ideas"][:2] == ["Unions make one set of two.", "A union keeps no order."]
    assert "A union has no doubles." in node["core_ideas"]
    assert not any(
        i.startswith(("Know", "Be able", "Understand", "Show", "Interpret", "They"))
        for i in node["core_ideas"]
    )


def test_an_exercise_says_the_name_for_these_concepts_and_one_that_hangs_in_the_air_is_no_task() -> None:
    check = nodes(SETS)["Unions"]["mastery_check"]
    assert check["task"].endswith("rove simple statements involving unions.")
    alone = (
        "# T\n\n## Sums\n\nA sum is a number. Sums are finite.\n\n- Prove these laws.\n"
        "- Locate it on a line.\n\n## Oven\n\nAn oven is a box.\n"
    )
    node = nodes(alone)["Sums"]
    assert not any("these" in t or "ocate it" in t for t in texts_of(node))


def test_capability_task_and_first_idea_say_different_things() -> None:
    text = (
        "# T\n\n## Stack\n\nA stack is a pile of values. A stack gives back the last value first.\n\n"
        "## Turing machines\n\nTuring machines are simple models of computing. Nothing beats the Turing "
        "machine.\n\n- Define a Turing machine.\n- Prove that Turing machines halt or not.\n\n"
        "## Queue\n\nA queue is a line.\n\n- Draw a queue.\n"
    )
    for title, node in nodes(text).items():
        task = node["mastery_check"]["task"]
        assert len({node["capability"], task, node["core_ideas"][0]}) == 3, title
        assert " turing" not in " ".join(texts_of(node))
    assert nodes(text)["Stack"]["capability"] == (
        "Recognize a stack in a case of your own, and show in it that a stack gives back the last value "
        "first."
    )
    assert handed_in("Draw a queue.") == "For an example of your own, draw a queue, and label each part"


@pytest.mark.parametrize(
    ("task", "criterion"),
    [
        (
            "Define a lattice.",
            "With the wording alone somebody else can tell a case from what is none, for this: a lattice.",
        ),
        (
            "Compute and interpret both products.",
            "Somebody else who starts from the same givens gets the same for this: both products.",
        ),
        (
            "Compare two populations.",
            (
                "The two populations are named, and each is treated by itself: two populations; somebody "
                "else who goes over it gets the same."
            ),
        ),
    ],
)
def test_the_criterion_of_a_task_looks_at_what_the_task_asks_for(task: str, criterion: str) -> None:
    assert criterion_for(task, "") == criterion


def test_a_node_has_no_author_no_part_that_is_itself_and_no_opener_in_a_name() -> None:
    text = (
        "# T\n\n## Introduction to Ownership\n\nCovers Ownership, Borrowing, Lifetimes.\n\n## Loops\n\n"
        "We use our loops to repeat work. A loop ends. This paper discusses loops. It's a jump back.\n\n"
        "## Oven\n"
    )
    made = nodes(text)
    assert (
        made["Introduction to Ownership"]["capability"]
        == "Tell Borrowing and Lifetimes apart as parts of Ownership."
    )
    message = " ".join(texts_of(made["Loops"]))
    assert "You use your loops" in message
    assert not any(word in message for word in ("We ", "paper", "It's"))


def test_a_second_order_is_no_criterion() -> None:
    assert task_and_criterion("Identify the parts of an expression; arrange them by their size.")[1] == ""
    assert (
        task_and_criterion("Measure the milk; check that it does not burn.")[1]
        == "Check that it does not burn."
    )


def test_a_criterion_says_what_to_look_for_and_the_task_does_not_give_it_away() -> None:
    node = nodes(
        "# T\n\n## Stack\n\nA stack is a pile of values. A stack gives back the last value first. A stack "
        "has no other end.\n"
    )["Stack"]
    check = node["mastery_check"]
    assert "a stack is a pile of values" in check["pass_criteria"]
    assert "pile of values" not in check["task"]
    assert "agrees with" not in check["pass_criteria"]


def test_two_results_of_one_exercise_are_kept_out_of_the_task() -> None:
    text = (
        "# T\n\n| Topic | Definition | Check |\n|---|---|---|\n| Error | An error is a spread. |"
        " Computing 2 for s = 12 and n = 36, then 1 for n = 144. |\n"
    )
    check = nodes(text)["Error"]["mastery_check"]
    assert check == {
        "task": "Compute the results for s = 12 and n = 36, then for n = 144.",
        "pass_criteria": "The results are 2, then 1.",
    }


# --------------------------------------------------------------------------------- where the source is silent


@pytest.mark.parametrize("text", [None, "# T\n\n- Loops\n- Sets\n- Maps\n"])
def test_a_concept_that_is_only_named_says_so_in_the_fewest_words_and_asks(text: str | None) -> None:
    made = curriculum(text, ["Loops", "Sets", "Maps"], evidence_mode="strict")
    asked = {
        n
        for q in made["open_questions"]
        for n in q["related_nodes"]
        if q["status"] == "open" and len(q["related_nodes"]) == 1
    }
    for node in made["nodes"]:
        assert node["estimate_confidence"] <= 0.3
        assert node["id"] in asked
        assert (len(node["core_ideas"]), len(node["pitfalls"])) == (2, 1)
        assert "does not say what it is" in node["core_ideas"][0]
        assert node["pitfalls"] == [f"What goes wrong with “{node['title']}” is open."]
        assert (
            "source" in node["mastery_check"]["pass_criteria"]
            or "documentation" in node["mastery_check"]["pass_criteria"]
        )


def test_where_the_source_warns_of_nothing_the_node_says_so_and_asks_but_is_not_tentative_for_that() -> None:
    text = (
        "# T\n\n## Red\n\nRed is a colour of the sky. Red is warm in many lands.\n\n## Blue\n\n"
        "Blue is a colour of the sea. Blue is cold in many lands.\n"
    )
    made = curriculum(text, evidence_mode="strict")
    silent = [n for n in made["nodes"] if n["pitfalls"][0].startswith("The source names no mistake")]
    assert silent
    for node in silent:
        assert node["estimate_confidence"] == 0.6
        assert any(
            node["id"] in q["related_nodes"] and "pitfalls" in q["question"] for q in made["open_questions"]
        )


@pytest.mark.parametrize(
    ("expected", "confidence"),
    [
        pytest.param(
            "Crimson is a colour of the sky. Crimson is warm in many lands. Never mix crimson with green. "
            "Draw a wall in crimson.",
            0.9,
            id="all of it",
        ),
        pytest.param(
            "Crimson is a colour of the sky. Crimson is warm in many lands. Never mix crimson with green.",
            0.8,
            id="a task made",
        ),
        pytest.param(
            "Crimson is a colour of the sky. Crimson is warm in many lands. Draw a wall in crimson.",
            0.7,
            id="no mistake",
        ),
        pytest.param("Crimson is a colour of the sky. Crimson is warm in many lands.", 0.6, id="neither"),
        pytest.param("Crimson is a colour of the sky.", 0.3, id="one statement"),
    ],
)
def test_each_kind_of_text_that_the_source_does_not_have_lowers_the_confidence(
    expected: str, confidence: float
) -> None:
    assert (
        nodes(f"# T\n\n## Crimson\n\n{expected}\n\n## Oven\n\nAn oven is a box.\n")["Crimson"][
            "estimate_confidence"
        ]
        == confidence
    )


# ------------------------------------------------------------------------------------ estimates and resources


def test_code_and_formulas_take_more_time_than_as_many_words() -> None:
    plain = effort("T", [("A stack is a pile of cups on a desk.", False)])
    assert (
        effort("T", [("A stack is a pile of cups on a desk.", False), ("x = 1\ny = 2\nz = x + y", True)])
        > plain + 20
    )
    assert effort("T", [("A sum = a + b + c on a desk here.", False)]) > plain
    assert effort("T", []) > plain


def test_a_link_gets_kind_and_role_by_where_it_leads_and_what_it_says() -> None:
    text = (
        "# T\n\n## Sets\n\nA set has no order. See [worked examples](https://example.org/sets), [the "
        "talk](https://www.youtube.com/watch?v=1) and [RFC 1](https://www.rfc-editor.org/rfc/rfc1).\n"
    )
    links = [(r["kind"], r["role"]) for r in nodes(text)["Sets"]["resources"] if r["url"].startswith("http")]
    assert links == [("doc", "example"), ("video", "reference"), ("spec", "reference")]


# ------------------------------------------------------------------------------------------------ the measure


def junk(titles: list[str]) -> dict[str, Any]:
    """A curriculum with a perfect schema and nothing in it."""
    return {
        "topic": "T",
        "nodes": [
            {
                "id": f"n{i}",
                "title": t,
                "capability": f"Explain the main ideas of {t}.",
                "prerequisites": [],
                "estimate_minutes": 30,
                "resources": [],
                "core_ideas": [f"{t} is an important concept of the course.", "A dough is flour and…"],
                "pitfalls": ["Confusing it with related concepts."],
                "mastery_check": {
                    "task": f"Explain {t} with an example.",
                    "pass_criteria": "The explanation is correct.",
                },
            }
            for i, t in enumerate(titles)
        ],
    }


def test_the_measure_tells_junk_from_content() -> None:
    path = ROOT / "examples/sourdough-baking.md"
    source = document(path.read_text(encoding="utf-8"))
    made = curriculum(path.read_text(encoding="utf-8"))
    good = bench.row_of("good", bench.judged(made, source)).values
    bad = bench.row_of("bad", bench.judged(junk([n["title"] for n in made["nodes"]]), source)).values
    assert bad["ideas"] < 0.2
    assert bad["task"] == bad["crit"] == bad["pit"] == bad["cap"] == 0
    assert bad["filler"] > 0.8
    assert bad["cut"] > 0.15
    assert good["ideas"] > 0.95
    assert good["filler"] < 0.05
    assert min(good[c] for c in ("task", "crit", "pit", "cap")) == 1


def test_the_measure_excuses_silence_only_where_the_source_is_silent() -> None:
    source = document(LAW)
    made = junk(["Offer", "Acceptance", "Consideration"])
    for node in made["nodes"]:
        node["estimate_confidence"] = 0.2
    found = {j.node["title"]: j for j in bench.judged(made, source)}
    assert {t: j.honest for t, j in found.items()} == {
        "Offer": False,
        "Acceptance": False,
        "Consideration": True,
    }
    assert found["Offer"].filler
    assert not found["Consideration"].filler


def test_the_measure_finds_an_idea_only_in_what_is_said_of_its_concept() -> None:
    source = document(LAW)
    made = junk(["Offer", "Acceptance"])
    made["nodes"][0]["core_ideas"] = [
        "An offer must be communicated to the other party.",
        "Silence is no assent.",
    ]
    assert bench.judged(made, source)[0].found == 1


def test_the_steps_of_a_numbered_list_are_what_the_notes_must_have() -> None:
    text = (
        "# T\n\n## Gaussian elimination\n\nGaussian elimination is a method for solving linear systems by "
        "row operations. The pivots must not be zero.\n\n"
        "1. Write the augmented matrix.\n2. Clear the entries below each pivot.\n\n## Rank\n\n"
        "The rank is a number of pivots.\n"
    )
    check = nodes(text)["Gaussian elimination"]["mastery_check"]
    assert check["task"].startswith("Carry out Gaussian elimination")
    assert check["pass_criteria"].endswith("write the augmented matrix; clear the entries below each pivot.")


def test_names_are_compared_word_by_word() -> None:
    assert key_words("The netfilter hooks of a kernel") == ["netfilter", "hook", "of", "kernel"]


# ----------------------------------------------------------------------------------------- what a manual says


def test_a_type_is_no_part_of_what_is_said_of_a_parameter() -> None:
    assert cleaned("code {number} The exit code of the process.") == "code: The exit code of the process."


@pytest.mark.parametrize(
    "text",
    [
        "If you're new to pointers, they can feel a little mysterious.",
        "A shorthand for marking a suite as TODO.",
        "<user name>/<project name>.",
        "Store the instance in a holder, and.",
        "maxRedirections Integer.",
    ],
)
def test_what_has_no_end_or_speaks_to_the_reader_is_no_statement(text: str) -> None:
    made = nodes(f"# T\n\n## Pointer\n\nA pointer holds an address. {text} It can be followed to a value.\n")[
        "Pointer"
    ]
    assert text not in [*made["core_ideas"], *made["pitfalls"]]


def test_an_idea_is_not_given_twice_with_another_opening() -> None:
    made = nodes(
        "# T\n\n## Install\n\nOnly packages with a binary can be installed.\n\n"
        "Note that only packages with a binary can be installed.\n"
    )
    assert (
        sum("packages with a binary can be installed" in idea for idea in made["Install"]["core_ideas"]) == 1
    )


def test_a_cut_clause_leaves_no_loose_word() -> None:
    assert within("The holder keeps the instance of the class that was made for the context, and", 200) == (
        "The holder keeps the instance of the class that was made for the context."
    )


def test_a_word_of_many_parts_takes_no_time() -> None:
    long = "/".join(["part", "of", "it"] * 40)
    made = nodes(f"# T\n\n## Sails\n\nThe difference between {long} holds in wind. A sail is a cloth.\n")
    assert made["Sails"]["core_ideas"]


def test_a_concept_keeps_what_is_said_of_others_too_where_it_has_nothing_else() -> None:
    shared = "The steel must be heated above 700 degrees. It should cool slowly in the furnace."
    made = nodes(
        f"# T\n\n## Annealing\n\nAnnealing softens steel. It takes an hour. {shared}\n\n## Tempering\n\n"
        f"{shared}\n"
    )
    assert any("700 degrees" in idea for idea in made["Tempering"]["core_ideas"])


def test_what_a_concept_is_may_stand_in_the_introduction() -> None:
    text = (
        "# Printing\n\n## Concepts\n\nA template is a text file with slots. A slot is a place in it that is "
        "filled.\n\n### Templates\n\n"
        "Templates end in a suffix of their own. They are compiled once. Do not edit a compiled template by "
        "hand.\n\n### Filters\n\nA filter is a function.\n"
    )
    assert nodes(text)["Templates"]["core_ideas"][0] == "A template is a text file with slots."


def test_an_order_is_cut_before_the_next_one_in_what_is_looked_for() -> None:
    assert (
        asked_for("Take a sample of 300 bees, do a sugar roll, and state the load.") == "a sample of 300 bees"
    )


def test_a_sentence_that_ends_in_a_small_word_keeps_it() -> None:
    made = nodes("# T\n\n## Keyword\n\nA keyword is a reserved word. The block goes after the word then.\n")
    assert "The block goes after the word then." in made["Keyword"]["core_ideas"]
