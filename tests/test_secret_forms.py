"""What is secret: names, shapes and forms, each in a table; what is not; and the
time that it takes to find out.
"""

from __future__ import annotations

import base64
import codecs
import html
import json
import random
import string
import textwrap
import time
import unicodedata
from collections.abc import Callable
from urllib.parse import quote

import pytest
from dagogy.api.secrets import _encodings, redacted, secrets_of
from dagogy.api.secrets import _shapes as shapes_module
from dagogy.api.secrets._forms import looks_secret, remains
from dagogy.api.secrets._gitleaks import RULES
from dagogy.api.secrets._names import is_secret_name
from support import some_fast

SECRET_NAMES = """
DB_PASS DATABASE_PASSWORD PGPASSWORD MYSQL_PWD SSH_PASSPHRASE CARD_PIN GH_PAT APP_JWT LOGIN_COOKIE WEB_SESSION SESSION_ID SIGNING_PRIVATE
SLACK_WEBHOOK WEBHOOK_URL DB_CONNECTION_STRING SENTRY_DSN CREDENTIALS GOOGLE_APPLICATION_CREDENTIALS PROXY_AUTH HF_TOKEN CLIENT_SECRET
STRIPE_API_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY OPENAI_API_KEY API_KEYS PASSWORD2 apiKey accessToken dbPassword x-api-key AccountKey
SharedAccessKey authtoken clientsecret npm_config__authToken MY_KEY SSHPASS spring.datasource.password PASS_PHRASE ADMIN_PASSWD
""".split()  # noqa: E501
OTHER_NAMES = """
PWD OLDPWD PINNED KEYBOARD AUTHOR AUTHORITY XAUTHORITY TOKENIZERS_PARALLELISM AGENT_MAX_TOKENS total_tokens tokens_spent secret_count COMPASS
PATH PATTERN PASSED BYPASS PASSPORT COOKIECUTTER PRIVATELY MONKEY token_type public_key HOME LANG DAGOGY_PLUGINS DISPLAY password_policy
""".split()  # noqa: E501


HEX = "0123456789abcdef"


def mixed(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """Characters as a key has them, the same ones each time; letters of both cases and a digit among them."""
    dice = random.Random(length)
    return ("a0f" if alphabet == HEX else "aZ9") + "".join(dice.choice(alphabet) for _ in range(length - 3))


BODY = "\n".join(textwrap.wrap(mixed(640), 64))
#: A text with a secret of which nobody knows the value, and what of it may not be seen again.
SHAPES: dict[str, tuple[str, str]] = {
    "PEM": (f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n-----END RSA PRIVATE KEY-----", BODY[100:140]),
    "PEM with headers": (
        (
            f"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,0A\n\n{BODY}\n"
            "-----END EC PRIVATE KEY-----"
        ),
        BODY[:40],
    ),
    "OpenSSH": (f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n-----END OPENSSH PRIVATE KEY-----", BODY[:40]),
    "PGP": (
        f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{BODY}\n-----END PGP PRIVATE KEY BLOCK-----",
        BODY[:40],
    ),
    "PEM in JSON": (
        json.dumps({"x": f"-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----\n"}),
        BODY[:40],
    ),
    "PEM, quoted": (
        "> -----BEGIN PRIVATE KEY-----\n" + textwrap.indent(BODY, "> ") + "\n> -----END PRIVATE KEY-----",
        BODY[:40],
    ),
    "PEM without its end": (f"-----BEGIN PRIVATE KEY-----\n{BODY}", BODY[-40:]),
    "PEM without its beginning": (f"{BODY}\n-----END PRIVATE KEY-----", BODY[-40:]),
    "PuTTY": (
        f"PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 2\n{mixed(64)}\n{mixed(40)}\nPrivate-MAC: 1",
        mixed(40),
    ),
    "AWS key id": (
        f"key AKIA{mixed(16, string.ascii_uppercase).upper()}",
        mixed(16, string.ascii_uppercase).upper(),
    ),
    "AWS secret": (f"aws_secret_access_key = {mixed(40)}", mixed(40)),
    "AWS session token": (f"export AWS_SESSION_TOKEN={mixed(200)}==", mixed(200)),
    "AWS signature": (
        (
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu/s3/aws4_request, "
            f"SignedHeaders=host, Signature={mixed(64, HEX)}"
        ),
        mixed(64, HEX),
    ),
    "Google API key": (f"?x=1 AIza{mixed(35)}", mixed(35)),
    "Google OAuth": (f"token ya29.{mixed(60)}", mixed(60)),
    "Google refresh token": (f"got 1//0{mixed(40)}", mixed(40)),
    "Google service account": (
        json.dumps({"type": "service_account", "private_key_id": mixed(40, HEX), "x": 1}),
        mixed(40, HEX),
    ),
    "Slack bot": (f"xoxb-123456789012-1234567890123-{mixed(24)}", mixed(24)),
    "Slack user": (f"xoxp-1234567890-1234567890-1234567890-{mixed(32)}", mixed(32)),
    "Slack app": (f"xapp-1-A0123456789-1234567890123-{mixed(64, HEX)}", mixed(64, HEX)),
    "Slack webhook": (f"POST https://hooks.slack.com/services/T00000000/B00000000/{mixed(24)}", mixed(24)),
    "Stripe": (f"sk_live_{mixed(24)}", mixed(24)),
    "Stripe, restricted": (f"rk_test_{mixed(24)}", mixed(24)),
    "Stripe webhook": (f"whsec_{mixed(32)}", mixed(32)),
    **{
        f"GitHub {p}": (f"remote: {p}{mixed(36)}", mixed(36))
        for p in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")
    },
    "GitHub, fine-grained": (f"github_pat_{mixed(22)}_{mixed(59)}", mixed(59)),
    "GitLab": (f"glpat-{mixed(20)}", mixed(20)),
    "GitLab runner": (f"glrt-{mixed(20)}", mixed(20)),
    "npm": (f"npm_{mixed(36)}", mixed(36)),
    ".npmrc": (f"//registry.example.org/:_authToken={mixed(36)}", mixed(36)),
    "PyPI": (f"pypi-AgEIcHlwaS5vcmc{mixed(80)}", mixed(80)),
    "Hugging Face": (f"hf_{mixed(34, string.ascii_letters)}", mixed(34, string.ascii_letters)),
    "OpenAI": (f"sk-{mixed(48)}", mixed(48)),
    "OpenAI project": (f"sk-proj-{mixed(48)}", mixed(48)),
    "Anthropic": (f"sk-ant-api03-{mixed(93)}AA", mixed(93)),
    "age": (f"AGE-SECRET-KEY-1{mixed(58).upper()}", mixed(58).upper()),
    "JWT": (f"eyJ{mixed(30)}.eyJ{mixed(60)}.{mixed(43)}", mixed(43)),
    "SendGrid": (f"SG.{mixed(22)}.{mixed(43)}", mixed(43)),
    "Twilio": (f"SK{mixed(32, HEX).lower()}", mixed(32, HEX).lower()),
    "DigitalOcean": (f"dop_v1_{mixed(64, HEX).lower()}", mixed(64, HEX).lower()),
    "Discord bot": (f"M{mixed(23)}.{mixed(6)}.{mixed(27)}", mixed(27)),
    "Discord webhook": (f"https://discord.com/api/webhooks/123456789012345678/{mixed(68)}", mixed(68)),
    "Telegram": (f"bot 123456789:AA{mixed(33)}", mixed(33)),
    "Vault": (f"hvs.{mixed(24)}", mixed(24)),
    "Docker": (
        json.dumps(
            {"auths": {"https://index.docker.io/v1/": {"auth": base64.b64encode(b"ann:hunter22").decode()}}}
        ),
        "YW5uOmh1bnRlcjIy",
    ),
    "netrc": ("machine tea.example login ann password s3same-open", "s3same-open"),
    "netrc, lines": ("machine tea.example\n  login ann\n  password opensesame", "opensesame"),
    ".pgpass": ("db.example:5432:orders:ann:opensesame", "opensesame"),
    "Cookie": ("Cookie: theme=dark; sid=opensesame", "opensesame"),
    "Set-Cookie": ("< Set-Cookie: sid=opensesame; Path=/; HttpOnly", "opensesame"),
    "Cookie in Python": ("{'cookie': 'sid=opensesame; b=2'}", "opensesame"),
    "Bearer": (f"Authorization: Bearer {mixed(20)}", mixed(20)),
    "Bearer in JSON": (json.dumps({"Authorization": f"Bearer {mixed(20)}"}), mixed(20)),
    "Basic": ("authorization: Basic YW5uOmh1bnRlcjI=", "YW5uOmh1bnRlcjI"),
    "Basic in Python": ("headers={'Authorization': 'Basic YW5uOmh1bnRlcjI='}", "YW5uOmh1bnRlcjI"),
    "Token": (f"Authorization: Token {mixed(20)}", mixed(20)),
    "Digest": ('Authorization: Digest username="ann", response="0a1b2c3d4e"', "0a1b2c3d4e"),
    "x-api-key": (f"x-api-key: {mixed(20)}", mixed(20)),
    "Azure storage": (
        f"DefaultEndpointsProtocol=https;AccountName=tea;AccountKey={mixed(86)}==;EndpointSuffix=x",
        mixed(86),
    ),
    "Azure bus": (
        f"Endpoint=sb://tea.example/;SharedAccessKeyName=Root;SharedAccessKey={mixed(43)}=",
        mixed(43),
    ),
    "SQL Server": ("Server=db;Database=tea;User Id=ann;Password=opensesame;Encrypt=yes", "opensesame"),
    "URL": ("cannot reach https://ann:opensesame@tea.example/v1", "opensesame"),
    "URL of a database": ("postgresql://ann:opensesame@db:5432/tea", "opensesame"),
    "URL in JSON of PHP": ('{"url":"https:\\/\\/ann:opensesame@tea.example\\/v1"}', "opensesame"),
    "URL, token alone": (f"git clone https://{mixed(20)}@tea.example/x.git", mixed(20)),
    "query": ("GET /v1?page=2&password=opensesame&x=1", "opensesame"),
    "query, key": (f"GET https://tea.example/v1?key={mixed(20)}", mixed(20)),
    "presigned": (
        f"https://s3.example/x?X-Amz-Credential=AKIA&X-Amz-Signature={mixed(64, HEX)}&X-Amz-Date=1",
        mixed(64, HEX),
    ),
    "presigned, Azure": (f"https://blob.example/x?sv=2024&sig={quote(mixed(43) + '=')}", mixed(43)),
    "option": ("run tool --password s3same-open --verbose", "s3same-open"),
    "option with =": ("run tool --db-password=opensesame", "opensesame"),
    "option, token": (f"gh auth --token {mixed(20)}", mixed(20)),
    "curl -u": ("curl -u ann:opensesame https://tea.example", "opensesame"),
    "curl --user": ("curl --user 'ann:opensesame' https://tea.example", "opensesame"),
    "mysql -p": ("mysql -h db -u ann -popensesame tea", "opensesame"),
    "sshpass": ("sshpass -p opensesame ssh ann@tea", "opensesame"),
    "redis-cli": ("redis-cli -h tea -a opensesame ping", "opensesame"),
    "docker login": ("docker login -u ann -p opensesame tea.example", "opensesame"),
    "env": ("DB_PASS=opensesame", "opensesame"),
    "env, symbols": ("DB_PASSWORD=a,b;c)d&e{f}1 dagogy run", "c)d&e{f}1"),
    "env, exported": ("export GH_PAT='xK9mQ2wLp4Rt'", "xK9mQ2wLp4Rt"),
    "env, PIN": ("CARD_PIN=4829", "4829"),
    "JSON": ('{"db": {"password": "opensesame"}}', "opensesame"),
    "JSON, sentence": ('{"passphrase": "correct horse battery staple"}', "battery"),
    "JSON in JSON": (json.dumps(json.dumps({"client_secret": "opensesame"})), "opensesame"),
    "JSON, camel": ('{"clientSecret":"opensesame","apiKey": "opensesame2"}', "opensesame"),
    "YAML": ("db:\n  password: s3same-open\n", "s3same-open"),
    "TOML": ('openai_api_key = "opensesame"', "opensesame"),
    "INI": ("[db]\npassword=Open!sesame", "Open!sesame"),
    "Python": ("connect(host='db', password='opensesame')", "opensesame"),
    "header in a dict": ("{'x-api-key': 'opensesame'}", "opensesame"),
    "prose": (f"API key: {mixed(20)}", mixed(20)),
    "session cookie": (f"sessionid={mixed(32)}", mixed(32)),
    "coloured": (f"token sk-\x1b[31mproj-{mixed(12)}\x1b[0m{mixed(20)}", mixed(20)),
    "coloured, escaped": (f"Authorization: Bearer \\u001b[1m{mixed(20)}\\u001b[0m", mixed(20)),
    "in base64": (
        base64.b64encode(f"see ghp_{mixed(36)}".encode()).decode(),
        base64.b64encode(f"see ghp_{mixed(36)}".encode()).decode()[20:40],
    ),
    **{
        f"gitleaks {name}": (text, text)
        for name, text in {
            "doppler": f"dp.pt.{mixed(43)}",
            "linear": f"lin_api_{mixed(40)}",
            "databricks": f"dapi{mixed(32, HEX).lower()}",
            "notion": f"ntn_12345678901{mixed(35)}",
            "shopify": f"shpat_{mixed(32, HEX)}",
            "postman": f"PMAK-{mixed(24, HEX)}-{mixed(34, HEX)}",
            "rubygems": f"rubygems_{'0a' * 24}",
            "grafana": f"glsa_{mixed(32)}_{'0a' * 4}",
            "pulumi": f"pul-{'0a' * 20}",
        }.items()
    },
}


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_name_says_that_its_value_is_secret(name: str) -> None:
    assert is_secret_name(name)
    assert is_secret_name(name.lower()) or name in (
        "apiKey",
        "accessToken",
        "dbPassword",
        "AccountKey",
        "SharedAccessKey",
        "npm_config__authToken",
    )
    assert secrets_of({name: "Zq81mWv03LxTn5"}) == {name: "Zq81mWv03LxTn5"}


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_another_name_does_not(name: str) -> None:
    assert not is_secret_name(name)
    assert secrets_of({name: "Zq81mWv03LxTn5"}) == {}


def test_what_a_desktop_calls_a_session_is_no_secret() -> None:
    assert (
        secrets_of(
            {
                "DESKTOP_SESSION": "ubuntu",
                "XDG_SESSION_TYPE": "wayland",
                "SSH_AUTH_SOCK": "/tmp/ssh-1/agent.2",
                "PASSWORD_FILE": "/run/x",
            }
        )
        == {}
    )


def test_a_variable_holds_secrets_within_its_value() -> None:
    environ = {
        "DATABASE_URL": "postgres://ann:opensesame@db/tea",
        "DB_CONNECTION_STRING": "Server=db;Password=opensesame1;",
        "CONFIG_JSON": '{"user": "ann", "client_secret": "opensesame2"}',
        "AUTH_HEADER": "Bearer opensesame3",
        "SIGNING_KEY": f"-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----",
    }
    text = f"opensesame, opensesame1 opensesame2 opensesame3 {BODY.splitlines()[3]}"
    assert "sesame" not in redacted(text, secrets_of(environ))
    assert BODY.splitlines()[3] not in redacted(text, secrets_of(environ))


@pytest.mark.parametrize("name", SHAPES)
def test_what_looks_like_a_secret_goes(name: str) -> None:
    text, secret = SHAPES[name]
    assert secret in text or secret in json.loads(f'"{text}"') if name.startswith("PEM in") else True
    for whole in (text, f"It said:\n{text}\nand that was all", f"failed: {text}"):
        clean = redacted(whole, {})
        assert secret not in clean, clean
        assert "[redacted]" in clean
        assert redacted(clean, {}) == clean
        assert remains(whole, {})
        assert not remains(clean, {})
    assert "and that was all" in redacted(f"It said:\n{text}\nand that was all", {})
    assert secret not in json.dumps(redacted({"a": {"b": [text, "x"]}}, {}))
    assert looks_secret(text)


def spread(secret: str, between: str) -> str:
    return between.join(secret)


def dump(data: bytes) -> str:
    """As xxd shows it."""
    rows = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        pairs = " ".join(row[i : i + 2].hex() for i in range(0, len(row), 2))
        rows.append(f"{at:08x}: {pairs:<39}  {''.join(chr(b) if 32 <= b < 127 else '.' for b in row)}")
    return "\n".join(rows)


#: How a secret of which the value is known may be written.
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "swapped case": str.swapcase,
    "ANSI": lambda s: f"{s[:5]}\x1b[1;31m{s[5:12]}\x1b[0m{s[12:]}",
    "ANSI between letters": lambda s: spread(s, "\x1b[0m"),
    "ANSI as 8 bits": lambda s: spread(s, "\x9b0m"),
    "ANSI in JSON": lambda s: f"{s[:5]}\\u001b[31m{s[5:]}",
    "ANSI in Python": lambda s: f"{s[:5]}\\x1b[31m{s[5:]}",
    "ANSI, octal": lambda s: f"{s[:5]}\\033[31m{s[5:]}",
    "ANSI, caret": lambda s: f"{s[:5]}^[[31m{s[5:]}",
    "hyperlink of a terminal": lambda s: f"{s[:5]}\x1b]8;;http://x\x1b\\{s[5:]}",
    "zero-width space": lambda s: spread(s, "\u200b"),
    "zero-width joiner": lambda s: spread(s, "\u200d"),
    "word joiner": lambda s: spread(s, "\u2060"),
    "byte order marks": lambda s: spread(s, "\ufeff"),
    "soft hyphens": lambda s: spread(s, "\u00ad"),
    "soft hyphens of HTML": lambda s: spread(s, "&shy;"),
    "direction marks": lambda s: spread(s, "\u202e"),
    "variation selectors": lambda s: spread(s, "\ufe0f"),
    "tags of Unicode": lambda s: spread(s, "\U000e0061"),
    "NUL between": lambda s: spread(s, "\0"),
    "backspaces": lambda s: spread(s, "\b"),
    "zero-width, escaped": lambda s: spread(s, "\\u200b"),
    "URL": lambda s: quote(s, safe=""),
    "URL, every letter": lambda s: "".join(f"%{b:02X}" for b in s.encode()),
    "URL in URL": lambda s: quote(quote(s, safe=""), safe=""),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64, shifted": lambda s: base64.b64encode(b"u:" + s.encode() + b":x").decode(),
    "base64url": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "base64 in base64": lambda s: base64.b64encode(base64.b64encode(b"x" + s.encode())).decode(),
    "base64 of JSON": lambda s: base64.b64encode(json.dumps({"x": s}).encode()).decode(),
    "base64 of UTF-16": lambda s: base64.b64encode(s.encode("utf-16-le")).decode(),
    "base64, in lines": lambda s: "\n".join(textwrap.wrap(base64.b64encode(s.encode()).decode(), 12)),
    "base64 in a URL": lambda s: quote(base64.b64encode(s.encode()).decode(), safe=""),
    "base32": lambda s: base64.b32encode(s.encode()).decode(),
    "base85": lambda s: base64.b85encode(s.encode()).decode(),
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "hex, apart": lambda s: s.encode().hex(" "),
    "hex with colons": lambda s: s.encode().hex(":"),
    "hex with 0x": lambda s: ", ".join(f"0x{b:02x}" for b in s.encode()),
    "hex with \\x": lambda s: "".join(f"\\x{b:02x}" for b in s.encode()),
    "hex in base64": lambda s: base64.b64encode(s.encode().hex().encode()).decode(),
    "hex dump": lambda s: dump(b"password is " + s.encode()),
    "octal": lambda s: "".join(f"\\{b:03o}" for b in s.encode()),
    "codes": lambda s: str(list(s.encode())),
    "JSON": lambda s: json.dumps(s)[1:-1],
    "JSON, every letter": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "JSON in JSON in JSON": lambda s: json.dumps(json.dumps(json.dumps(s))),
    "JavaScript": lambda s: "".join(f"\\u{{{ord(c):x}}}" for c in s),
    "Python, long": lambda s: "".join(f"\\U{ord(c):08x}" for c in s),
    "HTML": html.escape,
    "HTML, decimal": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "HTML, hex": lambda s: "".join(f"&#x{ord(c):04X};" for c in s),
    "HTML in HTML": lambda s: html.escape(html.escape(s)),
    "HTML, marked": lambda s: f"{s[:5]}<em class=\"x\">{s[5:9]}</em>{s[9:]}",
    "in lines": lambda s: "\n".join(textwrap.wrap(s, 7)),
    "in lines of Windows": lambda s: "\r\n    ".join(textwrap.wrap(s, 7)),
    "in lines, quoted": lambda s: "\n> ".join(textwrap.wrap(s, 7)),
    "in a box": lambda s: "\n".join(f"│ {row} │" for row in textwrap.wrap(s, 7)),
    "in lines of a comment": lambda s: "\n# ".join(textwrap.wrap(s, 7)),
    "lines, escaped": lambda s: "\\n".join(textwrap.wrap(s, 7)),
    "quoted-printable": lambda s: "".join(f"={b:02X}" for b in s.encode()),
    "quoted-printable, in lines": lambda s: "=\n".join(textwrap.wrap(s, 7)),
    "split by quotes": lambda s: "' + '".join(textwrap.wrap(s, 7)),
    "split by double quotes": lambda s: '""'.join(textwrap.wrap(s, 7)),
    "letters apart": lambda s: spread(s, " "),
    "letters with dashes": lambda s: spread(s, "-"),
    "a list of letters": lambda s: str(list(s)),
    "decomposed": lambda s: unicodedata.normalize("NFD", s),
    "rot13": lambda s: codecs.encode(s, "rot13"),
    "upper case, in a URL": lambda s: quote(s.upper(), safe=""),
    "coloured, in lines": lambda s: "\n".join(f"\x1b[31m{row}\x1b[0m" for row in textwrap.wrap(s, 7)),
}  # fmt: skip
KNOWN = {
    "MY_KEY": "sk-proj-Zq81mWv03LxTn5RbYk27HdPc",
    "MY_PASS": "xK9!mQ2w/Lp4=Rt+8v",
    "MY_PHRASE": 'corréct+horse/battery="stàple\\9',
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", KNOWN)
def test_a_known_secret_is_found_in_every_form(name: str, form: str) -> None:
    written = FORMS[form](KNOWN[name])
    for shapes in (True, False):
        clean = redacted(f"before that,\n{written}\nand after", {name: KNOWN[name]}, shapes=shapes)
        assert clean.startswith("before that,"), clean
        assert clean.endswith("and after"), clean
        middle = clean.removeprefix("before that,").removesuffix("and after")
        assert (
            middle.strip()
            .removeprefix("\x1b[31m")
            .strip("\"'[]\\+= │>#")
            .startswith((name, "x1b", "0000", "redacted"))
        ), middle
        rest = middle.replace("\x1b[31m", "").replace(name, "").replace("redacted", "")
        assert not any(
            written[at : at + 6] in rest
            for at in range(0, len(written) - 6, 3)
            if any(c.isalnum() for c in written[at : at + 6].replace("[0m", ""))
        ), middle


def test_a_secret_that_was_cut_is_known_at_the_ends_of_a_text() -> None:
    key = KNOWN["MY_KEY"]
    assert key[:20] not in redacted(f"it was {key[:20]}", KNOWN)
    assert key[-20:] not in redacted(f"[500 characters before]\n{key[-20:]} refused", KNOWN)
    assert key[-20:] not in redacted(f"…{key[-20:]} refused", KNOWN)


def test_a_command_line_in_words_is_known_by_its_options() -> None:
    clean = redacted(
        ["tool", "--password", "word", "--api-key", "other", "-u", "ann:sesame", "--verbose"], {}
    )
    assert clean == [
        "tool",
        "--password",
        "[redacted]",
        "--api-key",
        "[redacted]",
        "-u",
        "[redacted]",
        "--verbose",
    ]


def test_a_field_is_known_by_its_name() -> None:
    clean = redacted(
        {
            "db_password": "opensesame",
            "PIN": 482913,
            "tokens_spent": 482913,
            "api_keys": ["opensesame"],
            "password": "is required",
        },
        {},
    )
    assert clean == {
        "db_password": "[redacted]",
        "PIN": "[redacted]",
        "tokens_spent": 482913,
        "api_keys": ["[redacted]"],
        "password": "is required",
    }


#: Long runs, each of one kind, on which a pattern that backtracks would take the square of their length.
RUNS = [
    *(c * 64 for c in "aA0 \t\n\r-_=+/\\\"'.,:;@%&#<>[]{}()|~^$*!?\x1b\x00\u200b\u00adé│"),
    "a:",
    "a=",
    "A=",
    "KEY=",
    "key: ",
    "password:",
    "password=",
    "PASSWORD='",
    'password="',
    '\\"password\\":\\"',
    "--password ",
    "-u a:",
    "://",
    "://a:",
    "a@",
    "sk-",
    "sk-a",
    "ghp_",
    "eyJ",
    "eyJa.",
    "eyJaaaaaaaa.",
    "xoxb-",
    "xapp-1-A-1-",
    "AKIA",
    "M",
    "AIza",
    "cookie:a=",
    "cookie: ",
    "bearer ",
    "bearer a",
    "authorization: basic ",
    "authorization: digest ",
    "login a password ",
    "machine a ",
    "a:11:a:a:",
    "\na:11:a:a:",
    "mysql -",
    "mysql a ",
    "redis-cli a ",
    "docker login a ",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN ",
    "-----END PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAA\n",
    "AAAAAAAAAAAA\n-----END PRIVATE KEY-----",
    "Private-Lines: 1\n",
    "%41",
    "%",
    "\\u0041",
    "\\u",
    "\\x41",
    "\\x1b[",
    "\x1b[",
    "\x1b]",
    "&amp;",
    "&#65;",
    "&",
    "=41",
    "=\n",
    "<a ",
    "<a>",
    "0x41, ",
    "41 ",
    "4142 ",
    "65, ",
    "00000000: 4142 ",
    "00000000: 4142  AB\n",
    "QUFBQUFBQUFBQUFBQUFBQUFB\n",
    "QUFB ",
    "sig=",
    "?sig=a&",
    "hooks.slack.com/services/",
    "/api/webhooks/",
    "AccountKey=",
    "SG.aaaaaaaaaaaaaaaa.",
    "1//0",
    "123456789:AA",
]


def cost(function: Callable[[str], object], run: str, size: int) -> float:
    text = (run * (size // len(run) + 1))[:size]
    began = time.process_time()
    function(text)
    return time.process_time() - began


def grows(function: Callable[[str], object], run: str, size: int) -> bool:
    """Whether four times the text takes much more than four times the time.
    Measured again before that is said.
    """
    for _ in range(3):
        small, large = cost(function, run, size), cost(function, run, 4 * size)
        if large < 8 * small + 0.05:
            return False
    return True


@pytest.mark.parametrize("run", some_fast(RUNS, *RUNS[::3]), ids=repr)
def test_time_is_in_proportion_to_the_text(run: str) -> None:
    assert not grows(lambda text: redacted(text, KNOWN), run, 10_000)


@pytest.mark.slow
def test_every_rule_of_gitleaks_is_linear() -> None:
    runs = [
        (name, shapes_module._compiled(pattern), run)
        for name, words, pattern in RULES
        for w in words
        for run in (w, w.upper(), w + "aA0_-")
    ]
    found = [(name, run) for name, compiled, run in runs if grows(compiled.findall, run, 12_000)]
    assert not found


def test_modules_are_what_the_tables_test() -> None:
    """A kind of encoding or a pattern that is added belongs into the tables above."""
    assert len(_encodings._ENCODED) == 7
    assert len(SHAPES) + len(FORMS) > 120


@pytest.mark.parametrize("around", ["\n", "\\n", "\\\\n", "\\t"])
def test_a_token_behind_an_escaped_line_end_is_found(around: str) -> None:
    token = "sk_live_" + mixed(24)
    assert token not in redacted(f"request was{around}{token}{around}and failed", {})
