"""What headings, labels and numbers are to a document: its structure, its
organisation, or the name of a concept.

Words of documents and courses in a dozen languages, none of a subject. A heading in any other language is
taken for the name of a concept.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from dagogy.api.text import Words

from dagogy_provider_internal.language.lexicon import NUMBER_WORDS, label

#: What a heading is for. `concept`: a name of its own; `group`: its children are taught, it is not; `meta`:
#: says something about the course; `part`: belongs to the concept above it (examples, exercises, …); `skip`:
#: neither it nor its text is taught.
HeadingKind = Literal["concept", "group", "meta", "part", "skip"]


def _phrases(*texts: str) -> frozenset[str]:
    return frozenset(Words.form(phrase) for text in texts for phrase in text.split("|"))


_GROUP = _phrases(
    "topics|topic list|concepts|key concepts|core concepts|main concepts|terms|key terms|terminology|"
    "glossary|definitions|skills|syllabus|outline|course outline|course content|contents|content|curriculum|"
    "modules|units|lessons|chapters|topics covered|in scope|scope|schedule|lesson plan|learning path|roadmap|"
    "introduction|overview|intro|background|summary|notes|course schedule|class schedule|weekly schedule|"
    "reading|agenda|programme|program|features|vocabulary",
    "themen|begriffe|grundbegriffe|glossar|lehrplan|gliederung|kapitel|module|lektionen|zeitplan|stoffplan"
    "|ablauf|programm|inhalte|lehrinhalte|lerninhalte|kursinhalte|modulinhalte|inhalte des moduls",
    "contenu|contenus|contenu du cours",
    "thèmes|notions|concepts clés|glossaire|programme|plan|plan du cours|chapitres|leçons|calendrier",
    (
        "temas|conceptos|conceptos clave|glosario|programa|temario|contenido|contenidos|unidades|calendario|"
        "cronograma"
    ),
    "argomenti|concetti|glossario|programma|capitoli|tópicos|conceitos|glossário|conteúdo|conteúdos"
    "|cronograma",
    "onderwerpen|begrippen|begrippenlijst|woordenlijst|lesplan|rooster|zagadnienia|pojęcia|słownik"
    "|harmonogram",
    (
        "темы|понятия|основные понятия|термины|глоссарий|программа|программа курса|план|план курса|"
        "расписание|теми|поняття"
    ),
    (
        "主题|概念|术语|术语表|词汇表|大纲|课程大纲|主題|術語|用語|用語集|シラバス|개념|용어|용어집|주제|"
        "강의 계획"
    ),
    (
        "المواضيع|المفاهيم|المصطلحات|معجم المصطلحات|נושאים|מושגים|מונחים|מילון מונחים|סילבוס|konular|"
        "kavramlar|terimler|sözlük"
    ),
)
_PART = _phrases(
    "example|examples|worked example|worked examples|exercise|exercises|practice|practice problems|problems|"
    "activities|activity|quiz|self check|self test|check|checks|questions|review questions|pitfalls|"
    "common mistakes|common errors|common pitfalls|misconceptions|common misconceptions|warnings|caveats|"
    "key facts|facts|key points|key ideas|details|definition|description|explanation|tips|remarks|discussion|"
    "how it works|why it matters|summary|notes|introduction|overview|recap|background|motivation|usage|"
    "syntax|mastery check|assessment|solution|solutions|answers|see also|links|resources|references|"
    "further reading|reading|readings|homework|assignment|assignments|key point|key idea|"
    "check your understanding|check your knowledge|test yourself|try it|try this|in practice|"
    "why this matters|chapter summary|case study|case studies|historical note|did you know|common questions|"
    "worked problems|lab|sidebar",
    (
        "beispiel|beispiele|übung|übungen|aufgabe|aufgaben|definition|merke|häufige fehler|lösung|lösungen|"
        "fragen|zusammenfassung|literatur"
    ),
    (
        "exemple|exemples|exercice|exercices|définition|à retenir|erreurs fréquentes|solution|solutions|"
        "questions|résumé"
    ),
    (
        "ejemplo|ejemplos|ejercicio|ejercicios|definición|errores comunes|solución|soluciones|preguntas|"
        "resumen|exemplo|exemplos|exercício|exercícios"
    ),
    "esempio|esempi|esercizio|esercizi|definizione|voorbeeld|voorbeelden|oefening|oefeningen|przykład"
    "|przykłady|ćwiczenia|zadania",
    "пример|примеры|упражнение|упражнения|задача|задачи|определение|вопросы|решение|приклад|приклади|вправи",
    "例|例子|示例|练习|习题|定义|例題|練習|練習問題|演習|問題|定義|예|예제|연습|연습문제|정의|مثال|أمثلة|تمارين|تمرين|תרגיל|תרגילים|דוגמה"
    "|דוגמאות|"
    "örnek|örnekler|alıştırmalar",
)
_SKIP = _phrases(
    "introduction|overview|intro|preface|foreword|abstract|preamble|table of contents|toc|contents|summary|"
    "conclusion|conclusions|"
    "recap|wrap up|further reading|"
    "further resources|additional resources|additional reading|recommended reading|reading list|readings|"
    "references|bibliography|works cited|resources|links|"
    "external links|see also|acknowledgements|acknowledgments|acknowledgement|license|licence|copyright|"
    "credits|authors|author|"
    "contributors|contributing|changelog|"
    "change log|history|version history|revision history|appendix|appendices|index|misc|miscellaneous|faq|"
    "motivation|about|about this "
    "course|about this document|"
    "about this book|about the author|about the authors|about|how to use this document|how to use this book|"
    "how to read this|conventions|notation|next steps|"
    "what next|what s next|whats next|practice sites|grading|assessment|assignments|exercises|examples"
    "|notes|todo|quiz|feedback|contact|"
    "getting help|support|background|"
    "welcome|sources|course description|course information|course overview|course policies|policies|"
    "academic integrity|attendance|office hours|instructor|"
    "instructors|teaching staff|textbook|textbooks|required texts|required textbook|course materials|"
    "homework|"
    "why this matters|why it matters|document history|checklist|whom to ask|who to ask|people|contacts|"
    "chapter summary|unit summary|module summary|"
    "learning check|"
    "instructor notes|teacher notes|teachers notes|notes for instructors|speaker notes|late policy|"
    "grading policy|"
    "practice papers|past papers|mock exam|review questions|answer key|answers|solutions|key takeaways|"
    "takeaways|final thoughts|closing remarks|thanks|"
    "code of conduct|security policy|roadmap and changelog|release notes|known issues|how to cite|sponsors|"
    "badges|project status|tl dr|tldr|"
    "exam tips|study tips|exam technique|exam information|opening hours|contact details|house rules|venue|"
    "registration|fees|logistics|materials list|"
    "shopping list|packing list|reading group|list of figures|list of tables|"
    "colophon|dedication|epilogue|prologue|afterword|errata|action items|action points|attendees|"
    # Of the notes that come with software.
    "synopsis|documentation|docs|contributions|how to contribute|how to help|bug tracker|issue tracker|bugs|"
    "bug reports|reporting bugs|reporting issues|issues|"
    "links and resources|useful links|related projects|community|maintainers|current maintainers|disclaimer|"
    "faqs|service status|other|others|other ways",
    (
        "einführung|einleitung|überblick|übersicht|vorwort|inhalt|inhaltsverzeichnis|zusammenfassung|"
        "fazit|schlussbemerkung|ausblick|literatur|literaturverzeichnis|literaturhinweise|"
        "weiterführende literatur|quellen|quellenverzeichnis|anhang|danksagung|impressum|übungen|aufgaben|"
        "beispiele|abbildungsverzeichnis|tabellenverzeichnis|stichwortverzeichnis|lizenz|prüfung|"
        "prüfungsleistung|leistungsnachweis|benotung|organisatorisches|kontakt|nächste schritte|anmerkungen|"
        "hinweise|willkommen|begrüßung|hausaufgaben|über dieses skript"
    ),
    (
        "introduction|avant propos|préface|sommaire|table des matières|conclusion|conclusions|résumé|"
        "synthèse|bibliographie|références|pour aller plus loin|annexe|annexes|remerciements|exercices|"
        "exemples|licence|évaluation|lectures|sources|mentions légales|index|lexique des auteurs|"
        "présentation|vue d ensemble|contact|bienvenue|devoirs|modalités d évaluation"
    ),
    (
        "introducción|prefacio|prólogo|presentación|índice|índice general|tabla de contenidos|conclusión|"
        "conclusiones|resumen|bibliografía|referencias|referencias bibliográficas|anexo|anexos|apéndice|"
        "apéndices|agradecimientos|ejercicios|ejemplos|licencia|evaluación|lecturas|lecturas recomendadas|"
        "fuentes|recursos|contacto|bienvenida|tareas|visión general|para saber más"
    ),
    "introduzione|prefazione|premessa|indice|sommario|conclusione|conclusioni|riassunto|riepilogo"
    "|bibliografia|riferimenti|appendice|appendici|"
    "ringraziamenti|esercizi|esempi|licenza|valutazione|letture consigliate|panoramica|benvenuti",
    (
        "introdução|prefácio|apresentação|índice|sumário|conclusão|conclusões|resumo|bibliografia"
        "|referências|"
        "referências bibliográficas|apêndice|anexos|agradecimentos|exercícios|exemplos|licença|avaliação|"
        "leituras|leituras recomendadas|visão geral|boas vindas"
    ),
    "inleiding|voorwoord|inhoud|inhoudsopgave|samenvatting|conclusie|besluit|literatuur|literatuurlijst"
    "|bronnen|bijlage|bijlagen|dankwoord|oefeningen|"
    "voorbeelden|licentie|toetsing|beoordeling|verder lezen|overzicht|welkom",
    (
        "wstęp|wprowadzenie|przedmowa|spis treści|podsumowanie|zakończenie|wnioski|bibliografia|literatura|"
        "źródła|dodatek|załączniki|podziękowania|ćwiczenia|przykłady|zadania|licencja|ocena|zaliczenie"
        "|przegląd"
    ),
    "inledning|introduktion|förord|innehåll|innehållsförteckning|sammanfattning|slutsats|slutsatser"
    "|litteratur|källor|referenser|bilaga|bilagor|"
    "övningar|exempel|"
    "indledning|forord|indhold|indholdsfortegnelse|konklusion|øvelser|innledning|innhold"
    "|innholdsfortegnelse|oppsummering|konklusjon|kilder|"
    "johdanto|esipuhe|sisällys|sisällysluettelo|yhteenveto|lähteet|liitteet|harjoitukset",
    "giriş|önsöz|içindekiler|özet|sonuç|kaynaklar|kaynakça|ekler|teşekkür|alıştırmalar|örnekler|genel bakış",
    (
        "úvod|předmluva|obsah|shrnutí|závěr|literatura|použitá literatura|příloha|přílohy|cvičení|příklady|"
        "zdroje|bevezetés|tartalom|tartalomjegyzék|összefoglalás|irodalom|irodalomjegyzék|introducere"
        "|cuprins|"
        "concluzii|bibliografie|εισαγωγή|περιεχόμενα|συμπεράσματα|βιβλιογραφία|ασκήσεις|σύνοψη"
    ),
    (
        "введение|предисловие|вступление|содержание|оглавление|заключение|выводы|итоги|резюме|литература|"
        "список литературы|список источников|источники|ссылки|приложение|приложения|благодарности|упражнения|"
        "примеры|задачи|задания|лицензия|оценивание|обзор|дополнительная литература|об авторе|о курсе|вступ|"
        "зміст|висновки|висновок|література|список літератури|передмова|додатки|вправи"
    ),
    "目录|目錄|前言|序言|序|引言|导言|导论|绪论|概述|概要|简介|总结|小结|总结与展望|结论|结语|后记|参考文献|参考资料|延伸阅读|附录|致谢|练习|习题|"
    "示例|作者简介|"
    "緒論|簡介|總結|結論|參考文獻|參考資料|延伸閱讀|附錄|致謝|練習|習題",
    "目次|はじめに|序論|序章|序文|まえがき|前書き|概要|概説|まとめ|おわりに|終わりに|結論|結び|あとがき|参考文献|参考資料|参考書|付録|索引|謝辞|演習|"
    "演習問題|練習問題|"
    "例題|成績評価|次のステップ|関連リンク|リンク",
    (
        "목차|차례|머리말|서문|서론|들어가며|들어가기|소개|개요|요약|결론|맺음말|마치며|참고문헌|참고 문헌|"
        "참고 자료|부록|감사의 말|연습문제|예제|"
    ),
    (
        "المقدمة|مقدمة|تمهيد|توطئة|الفهرس|فهرس|فهرس المحتويات|المحتويات|المحتوى|الخاتمة|خاتمة|الخلاصة|خلاصة|"
        "ملخص|المراجع|المصادر|المصادر والمراجع|قائمة المراجع|الملاحق|ملحق|شكر وتقدير|تمارين|أمثلة|التقييم|"
        "نظرة عامة"
    ),
    (
        "מבוא|הקדמה|פתח דבר|תוכן|תוכן עניינים|תוכן העניינים|סיכום|סוף דבר|מסקנות|תקציר|ביבליוגרפיה|מקורות|"
        "רשימת מקורות|נספח|נספחים|תודות|תרגילים|דוגמאות|סקירה"
    ),
    (
        "مقدمه|پیشگفتار|فهرست|فهرست مطالب|نتیجه گیری|جمع بندی|خلاصه|منابع|مراجع|پیوست|تمرین ها|विषय सूची|"
        "प्रस्तावना|परिचय|भूमिका|सारांश|निष्कर्ष|संदर्भ|संदर्भ सूची|अभ्यास|mục lục|giới thiệu|lời nói đầu|"
        "tóm tắt|kết luận|tài liệu tham khảo|phụ lục|bài tập|daftar isi|pendahuluan|kata pengantar|ringkasan|"
        "kesimpulan|daftar pustaka|lampiran"
    ),
)
_META: dict[str, str] = {
    **dict.fromkeys(
        _phrases(
            "out of scope|not in scope|not covered|what is not covered|exclusions|excluded|non goals|"
            "what this course does not cover|beyond scope|what we do not cover|what we will not cover|"
            "topics not covered|left out",
            (
                "nicht behandelt|nicht enthalten|nicht gegenstand|ausgeschlossen|abgrenzung|hors programme|"
                "non traité|hors du champ|fuera de alcance|no incluido|no se trata|fuori programma|"
                "fora do escopo|buiten de stof|poza zakresem|не рассматривается|вне рамок курса|не входит|"
                "不包括|范围之外|対象外|扱わないこと|범위 밖|خارج النطاق|מחוץ לתחום|kapsam dışı"
            ),
        ),
        "scope_out",
    ),
    **dict.fromkeys(
        _phrases(
            "audience|target audience|intended audience|who is this for|who this is for|who it is for|"
            "who should read this|for whom|learners|readers|about you|who should attend|"
            "who is this course for|who this course is for",
            (
                "zielgruppe|für wen|adressaten|public|public visé|public cible|à qui s adresse ce cours|"
                "público|público objetivo|destinatarios|a quién va dirigido|destinatari|público alvo|"
                "doelgroep|odbiorcy|аудитория|целевая аудитория|для кого|读者|适用对象|目标读者|対象|対象者|"
                "対象読者|대상|대상 독자|الفئة المستهدفة|קהל יעד|למי מיועד|hedef kitle|målgrupp"
            ),
        ),
        "audience",
    ),
    **dict.fromkeys(
        _phrases(
            "prerequisites|prerequisite|prerequisite knowledge|required knowledge|assumed knowledge|"
            "requirements|what you should know|what you need to know|before you start|before you begin|"
            "prior knowledge|course prerequisites|pre requisites",
            (
                "voraussetzungen|vorkenntnisse|vorwissen|prérequis|pré requis|connaissances préalables|"
                "requisitos|requisitos previos|prerrequisitos|conocimientos previos|prerequisiti|requisiti|"
                "pré requisitos|pré requisito|voorkennis|vereisten|wymagania|wymagania wstępne|förkunskaper|"
                "forkunnskaper|förkunskapskrav|esitiedot|ön koşullar|önkoşullar|предварительные требования|"
                "требования|пререквизиты|необходимые знания|передумови|先修知识|先修课程|预备知识|前置知识|"
                "先修知識|前提知識|前提条件|前提|선수 지식|선수 과목|선행 지식|المتطلبات|المتطلبات السابقة|"
                "متطلبات سابقة|דרישות קדם|ידע קודם|ידע מוקדם|پیش نیازها|předpoklady|előfeltételek|"
                "προαπαιτούμενα|cerințe preliminare|kiến thức tiên quyết|prasyarat|पूर्वापेक्षाएँ"
            ),
        ),
        "prerequisites",
    ),
    **dict.fromkeys(
        _phrases(
            "goal|goals|objective|objectives|aim|aims|purpose|learning objectives|learning goals|"
            "learning outcomes|outcomes|course goals|course objectives|course outcomes|"
            "intended learning outcomes|what you will learn|what you ll learn|what we want to learn",
            (
                "ziel|ziele|lernziele|lernziel|kursziele|qualifikationsziele|objectif|objectifs|"
                "objectifs pédagogiques|objectifs d apprentissage|objetivo|objetivos|"
                "objetivos de aprendizaje|resultados de aprendizaje|obiettivi|obiettivo|"
                "objetivos de aprendizagem|doel|doelen|leerdoelen|cele|cele kształcenia|mål|lärandemål|"
                "læringsmål|tavoitteet|amaç|amaçlar|hedefler|öğrenme hedefleri|цель|цели|цели курса|"
                "задачи курса|мета|цілі|学习目标|目标|课程目标|學習目標|目的|目標|学習目標|到達目標|목표|"
                "학습 목표|الأهداف|أهداف التعلم|الهدف|מטרות|מטרות הקורס|יעדים|اهداف|cíle|célok|στόχοι|"
                "obiective|mục tiêu|tujuan|उद्देश्य"
            ),
        ),
        "goal",
    ),
}

# ---------------------------------------------------------------------------------------------------- numbers

_CHAPTER = (
    r"chapter|module|unit|lesson|week|part|section|day|step|session|lecture|stage|phase|class|"
    r"kapitel|teil|abschnitt|woche|lektion|modul|einheit|sitzung|vorlesung|tag|schritt|chapitre|partie"
    r"|semaine|leçon|unité|séance|jour|étape|"
    r"capítulo|unidad|semana|lección|módulo|sección|sesión|día|paso|clase|tema|capitolo|unità|settimana"
    r"|lezione|modulo|parte|sezione|giorno|"
    r"unidade|aula|lição|seção|hoofdstuk|les|deel|rozdział|część|tydzień|lekcja|moduł|vecka|lektion|del"
    r"|uke|kapittel|luku|viikko|"
    r"bölüm|hafta|ders|ünite|kapitola|lekce|fejezet|hét|capitolul|κεφάλαιο|ενότητα|εβδομάδα|"
    r"глава|часть|раздел|неделя|урок|лекция|модуль|занятие|день|тема|розділ|тиждень|лекція|"
    r"الفصل|الوحدة|الدرس|الأسبوع|الباب|الجزء|المحاضرة|פרק|שיעור|יחידה|שבוע|חלק|הרצאה|فصل|بخش|درس|هفته"
    r"|अध्याय|chương|bài|bab"
)
_ORDINAL = (
    r"(?:الأول|الأولى|الثاني|الثانية|الثالث|الثالثة|الرابع|الرابعة|الخامس|"
    r"الخامسة|السادس|السادسة|السابع|السابعة|الثامن|الثامنة|التاسع|التاسعة|العاشر|العاشرة|[א-ת]['׳]?)"
)
_ROMAN = r"(?-i:[IVXLC]+)(?![\w])"
_HAN = r"[0-9０-９一二三四五六七八九十百]+"
_DATE = r"(?:\s*[(\[][^()\[\]]{1,40}[)\]])?"
_NUMBERED_PART = re.compile(
    rf"^(?:(?:{_CHAPTER}|topic|level|appendix|anhang|annexe|anexo)\s+(?:\d+(?:\s\d+)*|[ivxlc]+|[a-z]"
    rf"|{_ORDINAL})|第{_HAN}\w{{1,2}}|제?\s?\d+\w)$"
)
_NUMBERING = re.compile(
    rf"^\s*(?:(?:{_CHAPTER})\s+(?:\d+(?:\.\d+)*|[IVXLC]+|{_ORDINAL}){_DATE}\s*(?:[:：.)|،,]|\s[-–—])\s*|"
    rf"(?:chapter|kapitel|chapitre|capítulo|capitolo|hoofdstuk|глава|розділ|week|woche|semaine|semana"
    rf"|lecture|lesson|unit|module|lektion|bölüm|الفصل|الدرس|פרק|שיעור)"
    rf"\s+(?:\d+(?:\.\d+)*|{_ORDINAL}){_DATE}\s+(?-i:(?=[^\W\d_a-z]))|"
    rf"第\s?{_HAN}\s?(?:[章节節课課讲講回週周部编編篇]|单元|單元|部分)\s*[:：、.．]?\s*|제\s?\d+\s?[장절과강부]\s*[:.]?\s*"
    rf"|\d+[장과강]\s*[:.]?\s+|"
    rf"(?-i:(?![23]d\b)\d{{1,2}}[a-h][.)]?(?:\t+|\s+(?=[^\W\d_a-z]))|[A-H]\.\s+(?=[^\W\d_a-z]\w))|"
    r"\d{1,2}[:h]\d{2}(?:\s?(?:am|pm|uhr))?(?:\s*[-–—]\s*\d{1,2}[:h]\d{2}(?:\s?(?:am|pm"
    r"|uhr))?)?\s*[:–—-]?\s+|"
    r"\d{4}-\d{2}-\d{2}\s*[:–—-]?\s+|"
    rf"\(?\d{{1,3}}[.):]\s+|\(?(?-i:[a-zA-Z])\)\s+|\d{{1,2}}(?:\.\d{{1,2}})+[.):]?\s+"
    rf"|(?-i:[IVX]+\.\d+(?:\.\d+)*[.):]?\s+)|"
    rf"(?-i:(?:[IVX]+|[LC][IVXLC]+)[.)]\s+(?=[^\W\d_a-z]))|{_HAN}[、．]\s*)",
    re.IGNORECASE,
)
_NUMBER_COLUMN = re.compile(
    rf"(?:{_CHAPTER}|no|nr|number|num|nummer|lfd nr|numéro|número|numero|номер"
    r"|номер п п|п п|序号|编号|周|周次|第几周|週|回|番号|주|주차|번호|차시|"
    r"رقم|מספר|sıra|sıra no|order|position|pos|topic no|week no|week number|lecture no|session no)s?"
)
#: What a cell of such a column holds: `3`, `3.1`, `Week 3`, `W3`, `3–4`; not `3 September`.
_NUMBER_CELL = re.compile(
    rf"(?:(?:{_CHAPTER}|[^\W\d_]|no|nr|wk)\.?\s?|#\s?)?(\d{{1,3}}(?:\.\d{{1,3}})*)\s{{0,3}}[.):]?"
    r"(?:\s?[-–—]\s?\d{1,3})?\s*",
    re.IGNORECASE,
)
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_HAN_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")}
#: Titles whose findings are kept. More would take more memory than time: in a list of hundreds of
#: thousands none comes twice.
_SEEN = 20_000
#: A mark such as an emoji in front of a title, or behind it, with white space in between.
_SYMBOLS = re.compile(r"^\S{1,12}(?=\s)|(?<=\s)\S{1,12}$")
_KEYCAP = re.compile("^[0-9#*]\ufe0f?\u20e3$")


def is_plain(title: str) -> bool:
    """Whether a title is nothing but Latin words and spaces: no number, mark or sign is in front of it or
    behind it. Most names are.
    """
    return title.isascii() and title.replace(" ", "").isalpha()


def without_symbols(title: str) -> str:
    """`title` without an emoji or another pictogram in front of it or behind it."""
    if title.isascii():
        return title
    bare = _SYMBOLS.sub(lambda m: "" if _is_symbol(m[0]) else m[0], title.strip()).strip()
    return bare or title


def _is_symbol(token: str) -> bool:
    return bool(_KEYCAP.match(token)) or all(
        unicodedata.category(c) in ("So", "Sk", "Cf", "Mn", "Me") for c in token
    )


def numbering(title: str) -> tuple[int, ...]:
    """The number in front of a title (`Chapter 3:`, `2.1`, `IV.`, `第三章`), or an empty tuple."""
    if is_plain(title):
        return ()
    match = _NUMBERING.match(without_symbols(title))
    if match is None or re.match(r"\s*\d+[:h]\d|\s*\d{4}-", match[0]):
        return ()
    found = re.sub(r"[(\[].*?[)\]]", "", match[0]) if match[0].strip()[:1] not in "([" else match[0]
    lettered = re.match(r"\s*(?:(?P<number>\d{1,2})(?P<letter>[a-h])|(?P<alone>[A-H])\.)\s*[.)]?\s*$", found)
    if lettered:
        letter = ord((lettered["letter"] or lettered["alone"]).lower()) - ord("a") + 1
        return (int(lettered["number"]), letter) if lettered["number"] else (letter,)
    numbers = re.findall(r"\d+|\b[IVXLC]+\b(?!\))|[一二三四五六七八九十百]+", found)
    return tuple(_value(n) for n in numbers)


def _value(number: str) -> int:
    if number.isdecimal():
        return int(number)
    if number[0] in _HAN_DIGITS or number[0] in "十百":
        return _han_value(number)
    values = [_ROMAN_VALUES[c] for c in number.lower()]
    return sum(-v if v < max(values[i + 1 :], default=0) else v for i, v in enumerate(values))


def _han_value(number: str) -> int:
    """The number that Chinese numerals below a thousand write: `三`, `十二`, `四十`, `一百零五`."""
    total, digit = 0, 0
    for c in number:
        if c in "十百":
            total, digit = total + (digit or 1) * (10 if c == "十" else 100), 0
        else:
            digit = _HAN_DIGITS.get(c, 0)
    return total + digit


def group_number(title: str) -> tuple[int, ...]:
    """The number of a heading that groups by place in a course (`Week 3`, `2. Basics`,
    `Unit two`), or an empty tuple.
    """
    key = Words.form(title)
    if not _NUMBERED_PART.match(key):
        return numbering(title)
    last = re.findall(r"\d+", key) or [key.rsplit(" ", 1)[-1]]
    if all(n.isdecimal() for n in last):
        return tuple(map(int, last))
    return (
        (NUMBER_WORDS[last[0]],)
        if last[0] in NUMBER_WORDS
        else (_value(last[0]),)
        if set(last[0]) <= _ROMAN_VALUES.keys()
        else ()
    )


_HAN_CELL = re.compile(r"第?\s?([〇零一二三四五六七八九十百]{1,7})\s?[周週章节節回课課讲講日]?")


def is_number_column(header: str) -> bool:
    """Whether the column under `header` says at which place of a course its rows stand
    (`Week`, `No.`, `#`, `Semaine`).
    """
    return header.strip() in ("#", "№") or bool(_NUMBER_COLUMN.fullmatch(Words.form(header)))


def cell_number(cell: str) -> tuple[int, ...]:
    """The number in a cell of such a column (`3`, `Week 3`, `第三周`, `IV`), or an empty
    tuple; of a range the first.
    """
    match = _NUMBER_CELL.fullmatch(cell)
    if match:
        return tuple(map(int, match[1].split(".")))
    if match := _HAN_CELL.fullmatch(cell):
        return (_han_value(match[1]),)
    return (_value(cell),) if re.fullmatch("[IVXLC]+", cell) else group_number(cell)


def without_numbering(title: str) -> str:
    return title if is_plain(title) else _NUMBERING.sub("", title, count=1)


@lru_cache(maxsize=_SEEN)
def _key(title: str) -> str:
    """What a title is looked up by in the lists of headings."""
    return Words.form(without_numbering(without_symbols(title)))


def is_chapter(title: str) -> bool:
    """Whether a title is numbered in words: `Week 3: …`, `Kapitel 2. …`, `第三章 …`."""
    return not is_plain(title) and _is_chapter(title)


@lru_cache(maxsize=_SEEN)
def _is_chapter(title: str) -> bool:
    match = _NUMBERING.match(without_symbols(title))
    return (
        match is not None
        and any(c.isalpha() for c in re.sub(_ROMAN, "", match[0]))
        and not re.match(r"\s*(?:\(?[a-zA-Z]\)|\d+[h:])", match[0])
    )


# ------------------------------------------------------------------------------------------ kinds of headings

_ADMIN = frozenset(
    (
        "exam exams examination examinations midterm midterms homework holiday holidays welcome lunch "
        "klausur klausuren mittagspause kaffeepause ferien vacances vacaciones partiel examen examens "
        "экзамен каникулы"
    ).split()
)
_ADMIN_IN_SCHEDULES = _ADMIN | frozenset(
    (
        "break review recess registration buffer opening closing introductions presentations final finals "
        "test quiz icebreaker breakfast dinner tea coffee pause trip excursion exkursion excursión revision "
        "repetition feedback evaluation wiederholung prüfung repaso rattrapage"
    ).split()
)
_ADMIN_WORDS = frozenset(
    (
        "mid term final field fall spring winter summer autumn easter christmas thanksgiving no class "
        "classes week day days session sessions and of the a coffee lunch tea reading study project projects "
        "student students introductions round circle remarks part in take home papers practice mock past "
        "sample to for first second end q course reviews review test break exam due half bank public check "
        "out wrap up good byes goodbye"
    ).split()
)
_ADMIN_PHRASES = _phrases(
    "reading week|study week|no class|office hours|catch up|q a|questions and answers|wrap up|guest speaker|"
    "tba|tbd|etc|and so on|and more"
)


def is_admin(title: str, *, schedule: bool = False) -> bool:
    """Whether a title is an entry of a timetable and nothing that is taught: `Final exam`, `Fall break`.
    `schedule`: among entries with times or weeks, where `Review` and `Break` are such entries as well."""
    key = _key(title)
    if not _opens_structure(key):
        return False
    if key in _ADMIN_PHRASES:
        return True
    found = key.split()
    heads = _ADMIN_IN_SCHEDULES if schedule else _ADMIN
    return (
        0 < len(found) <= 6
        and any(w in heads for w in found)
        and all(w in heads or w in _ADMIN_WORDS or w.isdecimal() for w in found)
    )


def is_part(title: str) -> bool:
    """Whether a heading names a part that the treatment of any concept may have
    (`Usage`, `Pitfalls`, `Exercise 4`).
    """
    key = _key(title)
    return key in _PART or bool(_BOX.match(key))


def heading_kind(title: str, *, below_concept: bool = False) -> HeadingKind:
    """What a heading is for. `below_concept`: it stands under a heading that could be a concept, so an
    "Example" is a part of that.
    """
    key = _key(title)
    if not _opens_structure(key):
        return "concept"
    if _role_of(key):
        return "meta"
    if below_concept and is_part(title):
        return "part"
    if key in _SKIP or is_admin(title, schedule=is_chapter(title)) or _APPENDIX.match(key):
        return "skip"
    if key in _GROUP or not key or _NUMBERED_PART.match(key):
        return "group"
    return "concept"


#: `Box 3.1`, `Exercise 4`, `Figure 2`: what accompanies the text.
_BOX = re.compile(
    r"(?:box|figure|table|listing|exercise|example|problem|activity|lab|kasten"
    r"|abbildung|übung|beispiel|aufgabe|exercice|exemple|ejercicio|ejemplo) \d"
)
_WHO = r"(?:you|we|students?|learners?|readers?|participants?|everyone|trainees?)"
_META_CLAUSES = (
    (
        "prerequisites",
        re.compile(
            rf"^what {_WHO} (?:should|must|need to|ought to|will need to)"
            rf"(?: already)? (?:know|have|bring|be able to do)(?: .{{1,30}})?$"
        ),
    ),
    (
        "prerequisites",
        re.compile(r"^(?:assumed|required|expected|prior|background) (?:knowledge|skills?)(?: .{1,30})?$"),
    ),
    (
        "goal",
        re.compile(
            rf"^(?:what {_WHO} (?:will|ll|are going to) (?:learn|be able to do|know|achieve)"
            rf"|by the end .{{1,60}}|after this .{{1,60}} you .*)$"
        ),
    ),
    (
        "audience",
        re.compile(
            r"^who (?:this|the) \w+ is for$|^who should (?:read|take"
            r"|attend|use) this(?: \w+)?$|^is this \w+ for (?:you|me)$"
        ),
    ),
    (
        "scope_out",
        re.compile(
            r"^(?:what|topics|things) (?:(?:we|this \w+|the \w+) )?"
            r"(?:do|does|will|won t|don t|doesn t)(?: not)?(?: be)? "
            r"(?:cover|covered|teach|include)(?: .{1,20})?$"
        ),
    ),
    (
        "scope_out",
        re.compile(
            r"^(?:not (?:covered|included|part of|taught|treated|in (?:this|the|our))|out of scope"
            r"|left out)(?: .{1,30})?$"
        ),
    ),
    (
        "scope_out",
        re.compile(
            r"^(?:was|themen die|inhalte die) .{0,40}\bnicht\b.{0,20}(?:behandel|gehör|lern|vorkomm"
            r"|thema)\w*.{0,20}$"
            r"|^nicht (?:in diesem|teil des|im|thema|inhalt).{0,30}$|^ce que .{0,30} ne (?:couvre|traite"
            r"|comprend) pas.{0,20}$"
            r"|^(?:non (?:couverts?|abordés?|traités?|inclus)|hors (?:du )?(?:sujet|cours|champ)).{0,30}$"
            r"|^(?:lo que|qué|temas que) .{0,30}\bno\b.{0,30}$|^no (?:cubierto|incluido|se (?:ve|trata"
            r"|cubre|incluye)).{0,30}$"
            r"|^(?:cosa|argomenti) .{0,10}\bnon\b.{0,30}$|^o que .{0,20}\bnão\b.{0,30}$|^(?:чего"
            r"|что) .{0,20}\bне\b.{0,30}$"
        ),
    ),
)
_APPENDIX = re.compile(
    r"(?:appendix|anhang|annexe?|anexo|apéndice|appendice|apêndice"
    r"|bijlage|приложение|附录|付録|부록)(?: [a-z0-9])?(?: |$)"
)
_CONTENTS = _phrases(
    "contents|table of contents|toc|index|outline|inhalt|inhaltsverzeichnis|sommaire|table des matières|"
    "índice|contenido|tabla de contenidos|indice|sommario|sumário|inhoud|inhoudsopgave|spis treści|innehåll|"
    "içindekiler|obsah|tartalom|cuprins|содержание|оглавление|зміст|目录|目錄|目次|목차|차례|الفهرس|فهرس|"
    "المحتويات|תוכן עניינים|תוכן העניינים|فهرست|mục lục|daftar isi"
)


def is_contents(title: str) -> bool:
    """Whether a heading announces a table of contents, which says what is taught where nothing else does."""
    return Words.form(title) in _CONTENTS


def meta_role(title: str) -> str:
    """Which of `scope_out`, `audience`, `prerequisites`, `goal` a heading or item
    introduces, or an empty string.
    """
    key = _key(title)
    return _role_of(key) if _opens_structure(key) else ""


#: The first words of all that is looked up here. A name that begins with none of them is that of a concept.
_FIRST_WORDS = frozenset(
    phrase.partition(" ")[0]
    for phrase in (
        *_GROUP,
        *_PART,
        *_SKIP,
        *_META,
        *_ADMIN_IN_SCHEDULES,
        *_ADMIN_WORDS,
        *_ADMIN_PHRASES,
        *_CHAPTER.split("|"),
    )
) | frozenset(
    (
        "topic level appendix anhang annex annexe anexo apéndice appendice apêndice bijlage box figure table "
        "listing exercise example problem activity lab kasten abbildung übung beispiel aufgabe exercice "
        "exemple ejercicio ejemplo what assumed required expected prior background by after who is topics "
        "things not out left was themen inhalte nicht ce non hors lo qué temas no cosa argomenti o"
    ).split()
)


def is_ordinary(title: str) -> bool:
    """Whether a title is nothing but Latin words and begins like no heading of structure: it is a name, with
    nothing to take off.
    """
    return is_plain(title) and not _opens_structure(title.lower())


def _opens_structure(key: str) -> bool:
    """Whether a heading with this key may be one of structure. One that does not
    begin with a Latin letter may.
    """
    return not "a" <= key[:1] <= "z" or key.partition(" ")[0] in _FIRST_WORDS


def _role_of(key: str) -> str:
    return _META.get(key) or next((role for role, pattern in _META_CLAUSES if pattern.match(key)), "")


def is_label(lead: str) -> bool:
    """Whether a bold lead only labels its text (`Note`, `Common mistake`) and names no concept."""
    return (
        bool(label(f"{lead.rstrip(':. ')}: x")[0])
        or Words.form(lead) in _PART
        or heading_kind(lead) == "meta"
    )
