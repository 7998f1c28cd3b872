"""What the TOCSIN_* variables and the TOML file make of the standalone settings. Nothing wrong passes in silence."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tocsin.errors import InvalidInput
from tocsin.server import home, variables
from tocsin.server.database_url import SILENCE_OPTIONS, database
from tocsin.server.email_url import MailServer, mail_server, mail_settings

HOME = Path("/srv/tocsin")
SHOW = (
    "import json, tocsin.server.settings as s\n"
    "print(json.dumps({n: getattr(s, n) for n in dir(s) if n.isupper()}, default=str))"
)


def load(folder, **given):
    """The settings as a process of its own sees them; its stderr if they are refused."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("TOCSIN_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-c", SHOW], env=kept | {"TOCSIN_HOME": str(folder)} | given,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def test_without_a_word_there_is_a_safe_home(tmp_path):
    made = load(tmp_path / "home")
    assert made["DATABASES"]["default"]["NAME"] == str(tmp_path / "home" / "tocsin.sqlite3")
    assert made["DATABASES"]["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "synchronous=FULL" in made["DATABASES"]["default"]["OPTIONS"]["init_command"]
    assert made["DEBUG"] is False
    assert "*" not in made["ALLOWED_HOSTS"]
    keys = tmp_path / "home" / "secret_keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.parent.stat().st_mode) == 0o700
    assert made["TOCSIN"]["SECRET_KEYS"] == keys.read_text().split()
    assert made["SECRET_KEY"] not in keys.read_text()


def test_keys_are_kept_and_rotated(tmp_path):
    first = load(tmp_path)
    assert load(tmp_path)["SECRET_KEY"] == first["SECRET_KEY"]
    file = tmp_path / "secret_keys"
    file.write_text(home.new_secret_key() + "\n" + file.read_text())
    rotated = load(tmp_path)
    assert rotated["SECRET_KEY"] != first["SECRET_KEY"]
    assert rotated["SECRET_KEY_FALLBACKS"] == [first["SECRET_KEY"]]
    assert rotated["TOCSIN"]["SECRET_KEYS"][1:] == first["TOCSIN"]["SECRET_KEYS"]


def test_given_keys_need_no_home(tmp_path):
    key = home.new_secret_key()
    url = "postgresql://db/tocsin"
    made = load(tmp_path / "none", TOCSIN_SECRET_KEYS=key, TOCSIN_DATABASE_URL=url)
    assert made["TOCSIN"]["SECRET_KEYS"] == [key]
    assert not (tmp_path / "none").exists()


def test_processes_that_start_together_agree_on_the_keys(tmp_path):
    together = threading.Barrier(8)

    def make():
        together.wait(30)  # none of them has seen the file
        return home.new_secret_key()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: home.kept(tmp_path, "keys", make), range(8)))
    assert len(set(made)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["keys"]


def test_an_empty_file_of_keys_is_not_used(tmp_path):
    (tmp_path / "keys").touch()
    with pytest.raises(InvalidInput, match="is empty"):
        home.kept(tmp_path, "keys", home.new_secret_key)


def test_a_site_behind_https(tmp_path):
    made = load(tmp_path, TOCSIN_BASE_URL="https://tocsin.example.org/")
    assert made["TOCSIN"]["BASE_URL"] == "https://tocsin.example.org"
    assert "tocsin.example.org" in made["ALLOWED_HOSTS"]
    assert made["CSRF_TRUSTED_ORIGINS"] == ["https://tocsin.example.org"]
    assert made["SESSION_COOKIE_SECURE"] is made["CSRF_COOKIE_SECURE"] is True
    assert made["SECURE_HSTS_SECONDS"] > 0


def test_variables_go_before_the_file(tmp_path):
    config = tmp_path / "tocsin.toml"
    config.write_text('ENGINE = "inline"\nMAX_ATTEMPTS = 3\nALLOWED_PRIVATE_NETWORKS = ["10.0.0.0/8"]\n')
    given = {"TOCSIN_CONFIG": str(config), "TOCSIN_ENGINE": "worker"}
    made = load(tmp_path, TOCSIN_ALLOWED_PRIVATE_NETWORKS="127.0.0.0/8, 192.168.0.0/16", **given)["TOCSIN"]
    assert (made["ENGINE"], made["MAX_ATTEMPTS"]) == ("worker", 3)
    assert made["ALLOWED_PRIVATE_NETWORKS"] == ["127.0.0.0/8", "192.168.0.0/16"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"TOCSIN_ENGINE": "celry"}, "TOCSIN_ENGINE: must be one of inline, worker"),
        (
            {"TOCSIN_DATABSE_URL": "x"},
            "TOCSIN_DATABSE_URL: is no variable of tocsin. Did you mean TOCSIN_DATABASE_URL?",
        ),
        ({"TOCSIN_ALLOWED_PRIVATE_NETWORKS": "10.0.0"}, "TOCSIN_ALLOWED_PRIVATE_NETWORKS: has '10.0.0'"),
        ({"TOCSIN_SECRET_KEYS": "s3cr3t"}, "TOCSIN_SECRET_KEYS: has a key that is none"),
        (
            {"TOCSIN_BASE_URL": "tocsin.example.org"},
            "TOCSIN_BASE_URL: 'tocsin.example.org' is no address of a site",
        ),
        ({"TOCSIN_BASE_URL": "https://a.example:port"}, "TOCSIN_BASE_URL"),
        ({"TOCSIN_CONFIG": "/no/such/file"}, "TOCSIN_CONFIG: /no/such/file: No such file"),
        ({"TOCSIN_DATABASE_URL": "mysql://a/b"}, "TOCSIN_DATABASE_URL: 'mysql' is no kind of database"),
        ({"TOCSIN_EMAIL_URL": "mail.example.org"}, "TOCSIN_EMAIL_URL: 'nothing' is no way to send mail"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_by_name(tmp_path, given, said):
    refused = load(tmp_path, **given)
    assert said in refused
    assert "s3cr3t" not in refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ENGIN = 'worker'", "Did you mean 'ENGINE'?"),
        ("MAX_ATTEMPTS = 'three'", "MAX_ATTEMPTS: must be a number"),
        ("= 3", "line 1"),
    ],
)
def test_a_file_that_cannot_be_is_refused_by_name(tmp_path, text, said):
    config = tmp_path / "tocsin.toml"
    config.write_text(text)
    refused = load(tmp_path, TOCSIN_CONFIG=str(config))
    assert "TOCSIN_CONFIG: " in refused
    assert said in refused


RULES = """
[[RULES]]
name = "chat"
channel = "slack"
level = "warnings"
settings = { token = { env = "SLACK_TOKEN" }, channel = ["#ops", { env = "SECOND" }] }

[[RULES]]
name = "mail"
channel = "email"
settings = { recipients = { env = "NOBODY" } }
"""


def test_rules_of_the_file_take_values_from_variables(tmp_path):
    file = tmp_path / "tocsin.toml"
    file.write_text(RULES)
    chat, mail = load(tmp_path, TOCSIN_CONFIG=str(file), SLACK_TOKEN="xoxb-1", SECOND="#dev")["TOCSIN"][
        "RULES"
    ]
    assert chat["settings"] == {"token": "xoxb-1", "channel": ["#ops", "#dev"]}
    assert mail["settings"] == {"recipients": ""}


def test_the_variables_of_kubernetes_pass():
    variables.refuse_misspelt(
        {"TOCSIN_PORT": "tcp://10.0.0.1:80", "TOCSIN_SERVICE_HOST": "10.0.0.1", "TOCSINX": "1"}
    )


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("", "/srv/tocsin/tocsin.sqlite3"),
        ("sqlite:////var/lib/a%20b.sqlite3", "/var/lib/a b.sqlite3"),
        ("sqlite:///local.sqlite3", "local.sqlite3"),
    ],
)
def test_sqlite_files(url, name):
    assert database(url, HOME)["NAME"] == name


def test_postgresql():
    made = database("postgresql://ana:p%40ss@db.example.org:5433/to%2Fcsin?sslmode=require", HOME)
    place = {name: made[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    assert place == {
        "NAME": "to/csin", "USER": "ana", "PASSWORD": "p@ss", "HOST": "db.example.org", "PORT": "5433",
        "OPTIONS": SILENCE_OPTIONS | {"sslmode": "require"},
    }  # fmt: skip
    patient = database("postgresql://db.example.org/tocsin?tcp_user_timeout=60000", HOME)
    assert patient["OPTIONS"]["tcp_user_timeout"] == "60000"
    assert database("postgres:///tocsin?host=/run/postgresql", HOME)["HOST"] == "/run/postgresql"


@pytest.mark.parametrize(
    "url", ["x", "mysql://s3cr3t@h/n", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://h/f", "sqlite:///f?x=1",
            "postgresql://ana:s3cr3t@db", "postgresql://ana:s3cr3t@db:port/n", "postgresql://ana:s3cr3t@[db/n"]
)  # fmt: skip
def test_databases_that_are_none(url):
    with pytest.raises(InvalidInput, match="Write sqlite:") as refused:
        database(url, HOME)
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", MailServer("localhost", 25, "", "", use_ssl=False, use_tls=False)),
        ("smtp://relay:2525", MailServer("relay", 2525, "", "", use_ssl=False, use_tls=False)),
        (
            "smtps://ana%40x:p%2Fw@relay",
            MailServer("relay", 465, "ana@x", "p/w", use_ssl=True, use_tls=False),
        ),
        ("smtp+starttls://a:b@relay", MailServer("relay", 587, "a", "b", use_ssl=False, use_tls=True)),
    ],
)
def test_mail_servers(url, server):
    assert mail_server(url) == server


@pytest.mark.parametrize(
    "url", ["relay", "http://relay", "smtp://", "smtp://a:s3cr3t@relay:x", "smtp://a:s3cr3t@relay/x"]
)
def test_mail_servers_that_are_none(url):
    with pytest.raises(InvalidInput, match="Write smtp:") as refused:
        mail_server(url)
    assert "s3cr3t" not in str(refused.value)


def test_mail_settings_of_either_django():
    server = mail_server("smtps://a:b@relay")
    old = mail_settings(server, as_mailers=False)
    assert (old["EMAIL_HOST"], old["EMAIL_PORT"], old["EMAIL_USE_SSL"]) == ("relay", 465, True)
    assert (old["EMAIL_HOST_USER"], old["EMAIL_HOST_PASSWORD"]) == ("a", "b")
    new = mail_settings(server, as_mailers=True)["MAILERS"]["default"]
    assert new["OPTIONS"] == server._asdict()
