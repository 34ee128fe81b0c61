"""The words of headings by what they are for, in a dozen languages: tables and patterns, which `headings`
asks.
"""

from __future__ import annotations

import re

from dagogy.api.text import Words

from dagogy_provider_internal.language.numbering import CHAPTER


def _phrases(*texts: str) -> frozenset[str]:
    return frozenset(Words.form(phrase) for text in texts for phrase in text.split("|"))


GROUP = _phrases(
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
PART = _phrases(
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
SKIP = _phrases(
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
META: dict[str, str] = {
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
ADMIN = frozenset(
    (
        "exam exams examination examinations midterm midterms homework holiday holidays welcome lunch "
        "klausur klausuren mittagspause kaffeepause ferien vacances vacaciones partiel examen examens "
        "экзамен каникулы"
    ).split()
)
ADMIN_IN_SCHEDULES = ADMIN | frozenset(
    (
        "break review recess registration buffer opening closing introductions presentations final finals "
        "test quiz icebreaker breakfast dinner tea coffee pause trip excursion exkursion excursión revision "
        "repetition feedback evaluation wiederholung prüfung repaso rattrapage"
    ).split()
)
ADMIN_WORDS = frozenset(
    (
        "mid term final field fall spring winter summer autumn easter christmas thanksgiving no class "
        "classes week day days session sessions and of the a coffee lunch tea reading study project projects "
        "student students introductions round circle remarks part in take home papers practice mock past "
        "sample to for first second end q course reviews review test break exam due half bank public check "
        "out wrap up good byes goodbye"
    ).split()
)
ADMIN_PHRASES = _phrases(
    "reading week|study week|no class|office hours|catch up|q a|questions and answers|wrap up|guest speaker|"
    "tba|tbd|etc|and so on|and more"
)
#: `Box 3.1`, `Exercise 4`, `Figure 2`: what accompanies the text.
BOX = re.compile(
    r"(?:box|figure|table|listing|exercise|example|problem|activity|lab|kasten"
    r"|abbildung|übung|beispiel|aufgabe|exercice|exemple|ejercicio|ejemplo) \d"
)
_WHO = r"(?:you|we|students?|learners?|readers?|participants?|everyone|trainees?)"
META_CLAUSES = (
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
APPENDIX = re.compile(
    r"(?:appendix|anhang|annexe?|anexo|apéndice|appendice|apêndice"
    r"|bijlage|приложение|附录|付録|부록)(?: [a-z0-9])?(?: |$)"
)
CONTENTS = _phrases(
    "contents|table of contents|toc|index|outline|inhalt|inhaltsverzeichnis|sommaire|table des matières|"
    "índice|contenido|tabla de contenidos|indice|sommario|sumário|inhoud|inhoudsopgave|spis treści|innehåll|"
    "içindekiler|obsah|tartalom|cuprins|содержание|оглавление|зміст|目录|目錄|目次|목차|차례|الفهرس|فهرس|"
    "المحتويات|תוכן עניינים|תוכן העניינים|فهرست|mục lục|daftar isi"
)
#: The first words of all that is looked up here. A name that begins with none of them is that of a concept.
FIRST_WORDS = frozenset(
    phrase.partition(" ")[0]
    for phrase in (
        *GROUP,
        *PART,
        *SKIP,
        *META,
        *ADMIN_IN_SCHEDULES,
        *ADMIN_WORDS,
        *ADMIN_PHRASES,
        *CHAPTER.split("|"),
    )
) | frozenset(
    (
        "topic level appendix anhang annex annexe anexo apéndice appendice apêndice bijlage box figure table "
        "listing exercise example problem activity lab kasten abbildung übung beispiel aufgabe exercice "
        "exemple ejercicio ejemplo what assumed required expected prior background by after who is topics "
        "things not out left was themen inhalte nicht ce non hors lo qué temas no cosa argomenti o"
    ).split()
)
