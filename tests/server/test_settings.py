"""Settings: what they default to, what they refuse and in which words, and that the documents know them all."""

import hashlib
import hmac
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from domain.privacy.policy import ReleasePolicy, ReleaseRules
from server.settings import Settings, SettingsError, is_loopback, unknown_variables, variable_of, variables

ROOT = Path(__file__).parent.parent.parent
SECRET = "0123456789abcdef0123456789abcdef"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # read as a setting; nothing is bound to it
OTHER_SECRET = "another secret that has 32 bytes."

_ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| .+ \|$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _untouched_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A working directory without env files, and no setting from outside."""
    monkeypatch.chdir(tmp_path)
    for variable in variables():
        monkeypatch.delenv(variable, raising=False)


def load(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


# ---- documents


def documented() -> dict[str, str]:
    return dict(_ROW.findall((ROOT / "docs/settings.md").read_text("utf-8")))


def test_the_documents_list_every_setting_and_no_other() -> None:
    assert sorted(documented()) == sorted(variables())


@pytest.mark.parametrize("field", [name for name, field in Settings.model_fields.items() if field.default is not None])
def test_the_documents_give_the_default_that_counts(field: str) -> None:
    default = Settings.model_fields[field].default
    written = "none" if default == () else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    assert documented()[variable_of(field)] == written


@pytest.mark.parametrize("field", [name for name, field in Settings.model_fields.items() if field.default is None])
def test_the_documents_promise_no_fixed_value_where_there_is_none(field: str) -> None:
    assert re.match(
        r"none\b|on when bound to loopback$|`text` on a terminal, else `json`$", documented()[variable_of(field)]
    )


def test_the_public_contract_holds_without_any_variable() -> None:
    settings = Settings.load()
    assert settings.database_url == "sqlite+aiosqlite:///var/paceline.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert (settings.minimum_peers, settings.minimum_responses) == (50, 3)
    assert settings.peer_release is ReleasePolicy.PRIVATE
    assert settings.retention_days == 730
    assert settings.review_algorithm == "fsrs"
    assert settings.auth_secret is None
    assert settings.pseudonym_key_bytes() is None


# ---- where values come from


def test_the_environment_wins_over_env_files_and_the_later_file_over_the_earlier(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/keys.env").write_text("PACELINE_PORT=1001\nPACELINE_RETENTION_DAYS=1\nPACELINE_DATABASE_POOL=1\n")
    (tmp_path / ".env").write_text("OTHER=1\nPACELINE_RETENTION_DAYS=2\nPACELINE_DATABASE_POOL=2\n")
    settings = load(monkeypatch, {"PACELINE_DATABASE_POOL": "3"})
    assert (settings.port, settings.retention_days, settings.database_pool) == (1001, 2, 3)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, {"PACELINE_AUTH_SECRET": "", "PACELINE_PORT": ""})
    assert settings.auth_secret is None
    assert settings.port == 8000


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.load().port = 1


def test_origins_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, {"PACELINE_CORS_ORIGINS": "https://a.example, http://localhost:3000 ,"})
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")


def test_a_log_level_may_be_written_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, {"PACELINE_LOG_LEVEL": "debug"}).log_level == "DEBUG"


# ---- refusals

REFUSED = {
    "short secret": ({"PACELINE_AUTH_SECRET": "x" * 31}, "PACELINE_AUTH_SECRET", "shorter than 32 bytes"),
    "short noise key": ({"PACELINE_RELEASE_KEY": "x" * 31}, "PACELINE_RELEASE_KEY", "shorter than 32 bytes"),
    "short pseudonym key": ({"PACELINE_PSEUDONYM_KEY": "x"}, "PACELINE_PSEUDONYM_KEY", "shorter than 32 bytes"),
    "public key as secret": (
        {"PACELINE_AUTH_SECRET": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"},
        "PACELINE_AUTH_SECRET",
        "not a secret",
    ),
    "too few peers": ({"PACELINE_MINIMUM_PEERS": "49"}, "PACELINE_MINIMUM_PEERS", "it is below 50; give at least 50"),
    "no responses": ({"PACELINE_MINIMUM_RESPONSES": "0"}, "PACELINE_MINIMUM_RESPONSES", "give at least 1"),
    "negative retention": ({"PACELINE_RETENTION_DAYS": "-1"}, "PACELINE_RETENTION_DAYS", "give at least 0"),
    "endless retention": ({"PACELINE_RETENTION_DAYS": "999999999"}, "PACELINE_RETENTION_DAYS", "give at most 36500"),
    "odd release policy": ({"PACELINE_PEER_RELEASE": "none"}, "PACELINE_PEER_RELEASE", "give 'private' or 'exact'"),
    "odd algorithm": ({"PACELINE_REVIEW_ALGORITHM": "sm18"}, "PACELINE_REVIEW_ALGORITHM", "give 'fsrs' or 'sm2'"),
    "port no number": ({"PACELINE_PORT": "http"}, "PACELINE_PORT", "not a whole number"),
    "port too high": ({"PACELINE_PORT": "65536"}, "PACELINE_PORT", "give at most 65535"),
    "fraction": ({"PACELINE_MAXIMUM_DEPTH": "1.5"}, "PACELINE_MAXIMUM_DEPTH", "not a whole number"),
    "no depth": ({"PACELINE_MAXIMUM_DEPTH": "0"}, "PACELINE_MAXIMUM_DEPTH", "give at least 1"),
    "switch": ({"PACELINE_GRAPHIQL": "maybe"}, "PACELINE_GRAPHIQL", "give true or false"),
    "no time": ({"PACELINE_REQUEST_TIMEOUT": "0"}, "PACELINE_REQUEST_TIMEOUT", "not above 0"),
    "endless time": ({"PACELINE_REQUEST_TIMEOUT": "inf"}, "PACELINE_REQUEST_TIMEOUT", "not a number"),
    "time in words": ({"PACELINE_REQUEST_TIMEOUT": "15s"}, "PACELINE_REQUEST_TIMEOUT", "not a number"),
    "host with scheme": ({"PACELINE_HOST": "http://0.0.0.0"}, "PACELINE_HOST", "without scheme and port"),
    "other engine": ({"PACELINE_DATABASE_URL": "mysql://db/paceline"}, "PACELINE_DATABASE_URL", "no engine"),
    "engine without driver": (
        {"PACELINE_DATABASE_URL": "postgresql://db/paceline"},
        "PACELINE_DATABASE_URL",
        "postgresql+asyncpg://USER@HOST/NAME",
    ),
    "no database URL": ({"PACELINE_DATABASE_URL": "var/paceline.db"}, "PACELINE_DATABASE_URL", "no engine"),
    "port of the database": (
        {"PACELINE_DATABASE_URL": "postgresql+asyncpg://db:port/paceline"},
        "PACELINE_DATABASE_URL",
        "not a URL",
    ),
    "database in memory": (
        {"PACELINE_DATABASE_URL": "sqlite+aiosqlite:///:memory:"},
        "PACELINE_DATABASE_URL",
        "names no file",
    ),
    "replica of another engine": (
        {"PACELINE_READ_DATABASE_URL": "postgresql+asyncpg://db/paceline"},
        "PACELINE_READ_DATABASE_URL",
        "another engine",
    ),
    "replica of SQLite": (
        {"PACELINE_READ_DATABASE_URL": "sqlite+aiosqlite:///var/copy.db"},
        "PACELINE_READ_DATABASE_URL",
        "no replicas",
    ),
    "replica that is waited for longer than a request": (
        {
            "PACELINE_DATABASE_URL": "postgresql+asyncpg://db/paceline",
            "PACELINE_READ_DATABASE_URL": "postgresql+asyncpg://replica/paceline",
            "PACELINE_REPLICA_LAG": "15",
        },
        "PACELINE_REPLICA_LAG",
        "less than that",
    ),
    "odd cache": ({"PACELINE_REDIS_URL": "localhost:6379"}, "PACELINE_REDIS_URL", "give redis://"),
    "odd mode of documents": (
        {"PACELINE_PERSISTED_DOCUMENTS": "on"},
        "PACELINE_PERSISTED_DOCUMENTS",
        "give 'off', 'allow' or 'only'",
    ),
    "only documents that are not named": (
        {"PACELINE_PERSISTED_DOCUMENTS": "only"},
        "PACELINE_DOCUMENTS_FILE",
        "name a file that `paceline documents` wrote",
    ),
    "rate without a time": ({"PACELINE_RATE_LIMIT": "1200"}, "PACELINE_RATE_LIMIT", "write it like 1200/minute"),
    "rate of nothing": ({"PACELINE_RATE_LIMIT": "0/minute"}, "PACELINE_RATE_LIMIT", "write it like 1200/minute"),
    "two rates": ({"PACELINE_EVENTS_RATE_LIMIT": "1/second;9/day"}, "PACELINE_EVENTS_RATE_LIMIT", "or off for none"),
    "rate below one operation": (
        {"PACELINE_COST_RATE_LIMIT": "19999/minute"},
        "PACELINE_COST_RATE_LIMIT",
        "it is below PACELINE_MAXIMUM_COST",
    ),
    "cache for years": ({"PACELINE_CACHE_SECONDS": "90000"}, "PACELINE_CACHE_SECONDS", "give at most 86400"),
    "keys without TLS": (
        {"PACELINE_AUTH_JWKS_URL": "http://idp.example.org/keys"},
        "PACELINE_AUTH_JWKS_URL",
        "give an https address",
    ),
    "keys from nowhere": ({"PACELINE_AUTH_JWKS_URL": "https:///keys"}, "PACELINE_AUTH_JWKS_URL", "give an https"),
    "keys by a file's URL": ({"PACELINE_AUTH_JWKS_URL": "file:///keys"}, "PACELINE_AUTH_JWKS_URL", "give an https"),
    "keys twice": (
        {"PACELINE_AUTH_JWKS_URL": "https://idp.example.org/keys", "PACELINE_AUTH_JWKS_FILE": "keys.json"},
        "PACELINE_AUTH_JWKS_URL",
        "set one of the two",
    ),
    "origin with path": ({"PACELINE_CORS_ORIGINS": "https://a.example/"}, "PACELINE_CORS_ORIGINS", "list origins"),
    "odd way to ask BLS": ({"PACELINE_BLS_FETCH": "daily"}, "PACELINE_BLS_FETCH", "give 'on_demand', 'job' or 'off'"),
    "BLS without TLS": ({"PACELINE_BLS_URL": "http://api.example.org/"}, "PACELINE_BLS_URL", "give an https address"),
    "BLS nowhere": ({"PACELINE_BLS_URL": "https:///timeseries"}, "PACELINE_BLS_URL", "give an https address"),
    "no time for BLS": ({"PACELINE_BLS_TIMEOUT": "0"}, "PACELINE_BLS_TIMEOUT", "not above 0"),
    "too much time for BLS": ({"PACELINE_BLS_TIMEOUT": "60"}, "PACELINE_BLS_TIMEOUT", "it is not below 60"),
    "negative patience": ({"PACELINE_BLS_PATIENCE": "-1"}, "PACELINE_BLS_PATIENCE", "give at least 0"),
    "log level": ({"PACELINE_LOG_LEVEL": "trace"}, "PACELINE_LOG_LEVEL", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    "log format": ({"PACELINE_LOG_FORMAT": "xml"}, "PACELINE_LOG_FORMAT", "give 'text' or 'json'"),
}


def test_rates_are_taken_as_the_library_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, {"PACELINE_RATE_LIMIT": " 5 per 2 Seconds", "PACELINE_COST_RATE_LIMIT": "OFF"})
    assert (settings.rate_limit, settings.cost_rate_limit) == ("5 per 2 seconds", "off")


@pytest.mark.parametrize(("variables", "named", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_nonsense_is_refused_in_one_line_with_variable_fault_and_remedy(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str, said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, variables)
    line = str(refused.value)
    assert line == f"{named}: {refused.value.fault}; {refused.value.remedy}."
    assert said in line
    assert "\n" not in line


@pytest.mark.parametrize("variable", ["PACELINE_AUTH_SECRET", "PACELINE_DATABASE_URL", "PACELINE_PORT"])
def test_a_refusal_does_not_repeat_the_value_not_even_in_its_chain(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, {variable: "canary"})
    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None or refused.value.__suppress_context__


def test_an_env_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("PACELINE_HOST=café".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"\.env: it is not UTF-8; save it as UTF-8\."):
        Settings.load()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_env_file_of_another_user_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").touch(mode=0o000)
    with pytest.raises(SettingsError, match=r"\.env: it cannot be read; make it readable"):
        Settings.load()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite:///var/x.db",
        "sqlite+aiosqlite:////srv/x.db",
        "postgresql+asyncpg://paceline:p%40ss@db:5432/paceline",
        "postgresql+asyncpg:///paceline?host=/run/postgresql",
    ],
)
def test_databases_of_both_engines_are_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert load(monkeypatch, {"PACELINE_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("url", ["https://idp.example.org/keys", "http://127.0.0.1:9/keys", "http://localhost/keys"])
def test_keys_may_come_by_https_or_from_this_machine(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert load(monkeypatch, {"PACELINE_AUTH_JWKS_URL": url}).auth_jwks_url == url


# ---- misspelt variables


def test_a_variable_that_is_spelt_wrong_is_told_with_the_right_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".env").write_text("PACELINE_MINIMUM_PEER=canary\n")
    with caplog.at_level(logging.WARNING, "server.settings"):
        Settings.load()
    assert caplog.messages == ["PACELINE_MINIMUM_PEER: there is no such setting; did you mean PACELINE_MINIMUM_PEERS?"]


def test_variables_of_others_and_of_the_tests_are_left_alone() -> None:
    names = ["path", "paceline_test_postgres_url", "PACELINE_PORT", "PACELINE_XYZZY", "paceline_host"]
    assert unknown_variables(names) == ["PACELINE_XYZZY"]


# ---- what follows from the host


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        (EVERYWHERE, False),
        ("::", False),
        ("10.0.0.1", False),
        ("128.0.0.1", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("", False),
    ],
)
def test_only_this_machines_own_addresses_are_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("variables", "graphiql", "introspection"),
    [
        ({}, True, True),
        ({"PACELINE_HOST": EVERYWHERE}, False, False),
        ({"PACELINE_HOST": EVERYWHERE, "PACELINE_GRAPHIQL": "true"}, True, False),
        ({"PACELINE_HOST": EVERYWHERE, "PACELINE_INTROSPECTION": "on"}, False, True),
        ({"PACELINE_GRAPHIQL": "false", "PACELINE_INTROSPECTION": "0"}, False, False),
    ],
)
def test_graphiql_and_introspection_are_on_by_themselves_on_loopback_alone(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], graphiql: bool, introspection: bool
) -> None:
    settings = load(monkeypatch, variables)
    assert settings.graphiql_enabled is graphiql
    assert settings.introspection_enabled is introspection


# ---- secrets


def test_neither_repr_nor_str_shows_a_secret_or_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        {
            "PACELINE_AUTH_SECRET": "canary-" * 5,
            "PACELINE_RELEASE_KEY": "canary-" * 5,
            "PACELINE_PSEUDONYM_KEY": "canary-" * 5,
            "PACELINE_IDE_TOKEN": "canary",
            "PACELINE_DATABASE_URL": "postgresql+asyncpg://paceline:canary@can/ary@db/paceline?password=canary",
            "PACELINE_REDIS_URL": "redis://:canary@cache:6379/0",
        },
    )
    for shown in (repr(settings), str(settings)):
        assert "canary" not in shown
        assert "postgresql+asyncpg://***@db/paceline" in shown
        assert "redis://***@cache:6379/0" in shown


def test_pseudonyms_have_their_own_key_where_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, {"PACELINE_PSEUDONYM_KEY": SECRET, "PACELINE_RELEASE_KEY": OTHER_SECRET})
    assert settings.pseudonym_key_bytes() == SECRET.encode()


def test_the_key_of_pseudonyms_is_derived_from_the_release_key_before_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_secret = load(monkeypatch, {"PACELINE_AUTH_SECRET": SECRET}).pseudonym_key_bytes()
    with_both = load(monkeypatch, {"PACELINE_RELEASE_KEY": OTHER_SECRET}).pseudonym_key_bytes()
    assert with_secret == hmac.new(SECRET.encode(), b"paceline pseudonyms", hashlib.sha256).digest()
    assert with_both == hmac.new(OTHER_SECRET.encode(), b"paceline pseudonyms", hashlib.sha256).digest()


def test_pseudonyms_are_those_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    pseudonyms = load(monkeypatch, {"PACELINE_PSEUDONYM_KEY": SECRET}).pseudonyms()
    assert pseudonyms.of("someone") == hmac.new(SECRET.encode(), b"someone", hashlib.sha256).hexdigest()[:32]


def test_without_any_key_there_are_no_pseudonyms() -> None:
    with pytest.raises(SettingsError, match="PACELINE_PSEUDONYM_KEY: it is not set"):
        Settings.load().pseudonyms()


# ---- rules of releases


def test_the_rules_of_releases_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = load(
        monkeypatch,
        {
            "PACELINE_MINIMUM_PEERS": "80",
            "PACELINE_MINIMUM_RESPONSES": "5",
            "PACELINE_RELEASE_KEY": SECRET,
        },
    ).release_rules()
    assert rules == ReleaseRules(
        policy=ReleasePolicy.PRIVATE, minimum_peers=80, minimum_responses=5, key=SECRET.encode()
    )


def test_private_releases_need_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, {"PACELINE_AUTH_SECRET": SECRET})
    with pytest.raises(SettingsError, match="PACELINE_RELEASE_KEY: it is not set, and noise needs it"):
        settings.release_rules()


def test_exact_releases_need_none(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = load(monkeypatch, {"PACELINE_PEER_RELEASE": "exact"}).release_rules()
    assert rules == ReleaseRules(policy=ReleasePolicy.EXACT)
