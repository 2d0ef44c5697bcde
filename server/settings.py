"""The settings of a process, from the environment and env files; docs/settings.md explains each."""

import difflib
import hashlib
import hmac
import ipaddress
import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, NoDecode, SettingsConfigDict

from domain.learners.erasure import Pseudonyms
from domain.performance.attempts import MOST_REQUIRED_CORRECT, REQUIRED_CORRECT
from domain.privacy.policy import MINIMUM_KEY_BYTES, MINIMUM_PEERS, MINIMUM_RESPONSES, ReleasePolicy, ReleaseRules
from domain.series.freshness import FetchPolicy
from domain.series.quota import LONGEST_REQUEST

PREFIX = "PACELINE_"
TEST_PREFIX = "PACELINE_TEST_"  # read by the tests, and no business of a server's
ENV_FILES = ("var/keys.env", ".env")  # the later one wins, and the environment over both
DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")
PSEUDONYM_LABEL = b"paceline pseudonyms"  # keeps the derived key apart from what it is derived from

# Not structlog: settings are read before it is set up, and the standard logger then prints bare lines on stderr.
log = logging.getLogger(__name__)

_HOST = re.compile(r"[\w.:%-]+")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s@]+")


class SettingsError(Exception):
    """A setting that cannot be used: one line for whoever started the process, without its value."""

    def __init__(self, variable: str, fault: str, remedy: str) -> None:
        super().__init__(variable, fault, remedy)
        self.variable = variable
        self.fault = fault
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.variable}: {self.fault}; {self.remedy}."


class Settings(BaseSettings):
    """One process's settings; frozen. Fields are the variables without their prefix, in lower case.

    `Settings.load()` reads them; constructing one by hand raises pydantic's ValidationError for what pydantic checks.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILES,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    database_url: str = "sqlite+aiosqlite:///var/paceline.db"
    read_database_url: str | None = None
    replica_lag: float = Field(default=2, ge=0.1, le=60, allow_inf_nan=False)
    database_pool: int = Field(default=10, ge=1, le=1000)
    redis_url: str | None = None
    kept_learners: int = Field(default=2_000, ge=0, le=1_000_000)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)

    auth_secret: SecretStr | None = None
    auth_jwks_file: Path | None = None
    auth_jwks_url: str | None = None
    auth_issuer: str | None = None
    auth_audience: str | None = None

    minimum_peers: int = Field(default=MINIMUM_PEERS, ge=MINIMUM_PEERS)
    minimum_responses: int = Field(default=MINIMUM_RESPONSES, ge=1)
    peer_release: ReleasePolicy = ReleasePolicy.PRIVATE
    release_key: SecretStr | None = None
    pseudonym_key: SecretStr | None = None
    retention_days: int = Field(default=730, ge=0, le=36_500)
    review_algorithm: Literal["fsrs", "sm2"] = "fsrs"
    required_correct: int = Field(default=REQUIRED_CORRECT, ge=1, le=MOST_REQUIRED_CORRECT)
    ghost_daily_limit: int = Field(default=5, ge=0, le=1000)
    ghost_emoji: bool = True

    bls_fetch: FetchPolicy = FetchPolicy.ON_DEMAND
    bls_url: str = "https://api.bls.gov/publicAPI/v2/timeseries/data/"
    bls_key: SecretStr | None = None
    bls_timeout: float = Field(default=10, gt=0, lt=LONGEST_REQUEST.total_seconds(), allow_inf_nan=False)
    bls_patience: float = Field(default=5, ge=0, allow_inf_nan=False)

    persisted_documents: Literal["off", "allow", "only"] = "allow"
    documents_file: Path | None = None
    cache_seconds: int = Field(default=60, ge=0, le=86_400)
    rate_limit: str = "1200/minute"
    cost_rate_limit: str | None = None
    events_rate_limit: str = "off"

    graphiql: bool | None = None
    dashboard: bool | None = None
    introspection: bool | None = None
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    log_format: Literal["text", "json"] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_operations: Literal["none", "notable", "all"] = "notable"
    worker_metrics_port: int | None = Field(default=None, ge=1, le=65_535)
    debug: bool = False

    maximum_body_bytes: int = Field(default=2 * 1024 * 1024, ge=1024)
    maximum_events_bytes: int = Field(default=512 * 1024 * 1024, ge=1024)
    maximum_batch: int = Field(default=1000, ge=1)
    maximum_depth: int = Field(default=12, ge=1)
    maximum_aliases: int = Field(default=30, ge=1)
    maximum_tokens: int = Field(default=2000, ge=1)
    maximum_cost: int = Field(default=20_000, ge=1)
    maximum_connections: int = Field(default=1000, ge=1)
    maximum_connections_of_caller: int = Field(default=10, ge=1)
    maximum_subscriptions: int = Field(default=50, ge=1)
    subscription_check: float = Field(default=60, ge=1, allow_inf_nan=False)
    request_timeout: float = Field(default=15, gt=0, allow_inf_nan=False)
    shutdown_seconds: int = Field(default=30, ge=0)

    # Set by `paceline quickstart` alone: what GraphiQL's examples and the dashboard are filled in with.
    ide_token: SecretStr | None = None
    ide_staff_token: SecretStr | None = None
    ide_learner: str | None = None
    ide_objective: str | None = None
    ide_topic: str | None = None
    ide_cohort: str | None = None

    # The Prometheus library's own variable: where several processes of one server add up their metrics.
    prometheus_multiproc_dir: Path | None = Field(default=None, validation_alias="PROMETHEUS_MULTIPROC_DIR")

    # OpenTelemetry's own variables, as far as we look at them; its SDK reads the others from the environment.
    otel_sdk_disabled: bool = Field(default=False, validation_alias="OTEL_SDK_DISABLED")
    otel_traces_exporter: Literal["otlp", "console", "none"] | None = Field(
        default=None, validation_alias="OTEL_TRACES_EXPORTER"
    )
    otel_exporter_otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    otel_exporter_otlp_traces_endpoint: str | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    )
    otel_exporter_otlp_protocol: Literal["http/protobuf"] = Field(
        default="http/protobuf", validation_alias="OTEL_EXPORTER_OTLP_PROTOCOL"
    )

    @classmethod
    def load(cls) -> Self:
        """The settings of this process.

        Raises SettingsError for the first that is no good. Warns of variables that look like ours and are not, since
        a threshold that is spelt wrong is a threshold that is not kept.
        """
        try:
            settings = cls()
            names = {*EnvSettingsSource(cls).env_vars, *DotEnvSettingsSource(cls).env_vars}
        except ValidationError as fault:
            # Not "from fault": with PACELINE_DEBUG its traceback is printed, and it knows the values.
            raise _first_of(fault) from None
        except OSError as fault:
            file = str(fault.filename or " or ".join(ENV_FILES))
            remedy = "make it readable for this process's user, or remove it"
            raise SettingsError(file, "it cannot be read", remedy) from fault
        except UnicodeDecodeError:
            raise SettingsError(" or ".join(ENV_FILES), "it is not UTF-8", "save it as UTF-8") from None
        for name in unknown_variables(names):
            near = difflib.get_close_matches(name, variables(), n=1)
            log.warning("%s: there is no such setting; %s", name, f"did you mean {near[0]}?" if near else "remove it.")
        return settings

    @field_validator("auth_secret", "release_key", "pseudonym_key")
    @classmethod
    def _refuse_weak_keys(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if secret is None:
            return None
        value = secret.get_secret_value()
        if len(value.encode()) < MINIMUM_KEY_BYTES:
            raise SettingsError(
                variable_of(str(info.field_name)),
                f"it is shorter than {MINIMUM_KEY_BYTES} bytes",
                f"set it to {MINIMUM_KEY_BYTES} random bytes or more",
            )
        if value.lstrip().startswith(("-----BEGIN", "ssh-")):
            # A public key as a shared secret would let everybody sign.
            raise SettingsError(
                variable_of(str(info.field_name)),
                "it is a key pair's file and not a secret",
                "set it to random bytes; public keys go to PACELINE_AUTH_JWKS_FILE",
            )
        return secret

    @field_validator("database_url", "read_database_url")
    @classmethod
    def _refuse_unknown_databases(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is not None:
            fault = _database_fault(url)
            if fault is not None:
                remedy = "give sqlite+aiosqlite:///PATH or postgresql+asyncpg://USER@HOST/NAME"
                raise SettingsError(variable_of(str(info.field_name)), fault, remedy)
        return url

    @field_validator("redis_url")
    @classmethod
    def _refuse_other_caches(cls, url: str | None) -> str | None:
        if url is not None and urlsplit(url).scheme not in ("redis", "rediss", "unix"):
            raise SettingsError("PACELINE_REDIS_URL", "it is no address of a Redis server", "give redis://HOST:PORT/0")
        return url

    @field_validator("rate_limit", "cost_rate_limit", "events_rate_limit")
    @classmethod
    def _refuse_what_is_no_rate(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text is None:
            return None
        # Imported here: most processes count nothing.
        from limits import parse_many

        text = text.strip().lower()
        if text == "off":
            return text
        try:
            [rate] = parse_many(text)
        except ValueError:
            rate = None
        if rate is None or rate.amount < 1:
            raise SettingsError(
                variable_of(str(info.field_name)), "it is no rate", "write it like 1200/minute, or off for none"
            )
        return text

    @field_validator("host")
    @classmethod
    def _refuse_what_is_no_host(cls, host: str) -> str:
        if not _HOST.fullmatch(host):
            raise SettingsError(
                "PACELINE_HOST", "it is neither an address nor a name", "give one, without scheme and port"
            )
        return host

    @field_validator("auth_jwks_url")
    @classmethod
    def _refuse_open_roads(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
            raise SettingsError(
                "PACELINE_AUTH_JWKS_URL",
                "keys that come by another way than https can be anybody's",
                "give an https address",
            )
        return url

    @field_validator("bls_url")
    @classmethod
    def _refuse_to_send_the_key_in_the_open(cls, url: str) -> str:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
            raise SettingsError(
                "PACELINE_BLS_URL", "the key would be sent where anybody can read it", "give an https address"
            )
        return url

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, origins: Any) -> Any:
        return tuple(filter(None, map(str.strip, origins.split(",")))) if isinstance(origins, str) else origins

    @field_validator("cors_origins")
    @classmethod
    def _refuse_what_is_no_origin(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise SettingsError(
                    "PACELINE_CORS_ORIGINS",
                    "it holds what no browser sends as an origin",
                    "list origins such as https://learn.example.org, with commas between and nothing behind the host",
                )
        return origins

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, level: Any) -> Any:
        return level.upper() if isinstance(level, str) else level

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        if self.auth_jwks_file is not None and self.auth_jwks_url is not None:
            raise SettingsError(
                "PACELINE_AUTH_JWKS_URL", "PACELINE_AUTH_JWKS_FILE is set as well", "set one of the two"
            )
        if self.persisted_documents == "only" and self.documents_file is None:
            raise SettingsError(
                "PACELINE_DOCUMENTS_FILE",
                "it is not set, and PACELINE_PERSISTED_DOCUMENTS=only runs no other documents than its",
                "name a file that `paceline documents` wrote",
            )
        if self.cost_rate != "off" and _amount(self.cost_rate) < self.maximum_cost:
            raise SettingsError(
                "PACELINE_COST_RATE_LIMIT",
                "it is below PACELINE_MAXIMUM_COST, so that the dearest operations could never run",
                "raise it, or lower the other",
            )
        replica = self.read_database_url
        if replica is not None and urlsplit(replica).scheme != urlsplit(self.database_url).scheme:
            raise SettingsError(
                "PACELINE_READ_DATABASE_URL",
                "it is another engine than PACELINE_DATABASE_URL's",
                "give a replica of that database",
            )
        if replica is not None and urlsplit(replica).scheme.startswith("sqlite"):
            raise SettingsError(
                "PACELINE_READ_DATABASE_URL",
                "SQLite has no replicas, and a copy would show what is over",
                "leave it out, or use PostgreSQL",
            )
        if replica is not None and self.replica_lag >= self.request_timeout:
            raise SettingsError(
                "PACELINE_REPLICA_LAG",
                "a change may wait for the replica so long, and PACELINE_REQUEST_TIMEOUT is over by then",
                "give less than that",
            )
        return self

    @property
    def traces_exporter(self) -> Literal["otlp", "console"] | None:
        """Where traces go to, by OpenTelemetry's variables; None where nobody asked for any."""
        if self.otel_sdk_disabled or self.otel_traces_exporter == "none":
            return None
        if self.otel_traces_exporter is not None:
            return self.otel_traces_exporter
        return "otlp" if self.otel_exporter_otlp_traces_endpoint or self.otel_exporter_otlp_endpoint else None

    @property
    def on_loopback(self) -> bool:
        """Whether the server can be reached from this machine alone."""
        return is_loopback(self.host)

    @property
    def graphiql_enabled(self) -> bool:
        return self.on_loopback if self.graphiql is None else self.graphiql

    @property
    def dashboard_enabled(self) -> bool:
        return self.on_loopback if self.dashboard is None else self.dashboard

    @property
    def introspection_enabled(self) -> bool:
        """Whether the schema may be asked for; suggestions of field names follow it."""
        return self.on_loopback if self.introspection is None else self.introspection

    @property
    def cost_rate(self) -> str:
        """What a caller may ask for in a time: thirty of the dearest operations a minute, where nothing is said."""
        return self.cost_rate_limit or f"{30 * self.maximum_cost}/minute"

    def pseudonym_key_bytes(self) -> bytes | None:
        """The key of pseudonyms: its own, or one derived from another key; None where there is none at all."""
        if self.pseudonym_key is not None:
            return self.pseudonym_key.get_secret_value().encode()
        for secret in (self.release_key, self.auth_secret):
            if secret is not None:
                return hmac.digest(secret.get_secret_value().encode(), PSEUDONYM_LABEL, hashlib.sha256)
        return None

    def pseudonyms(self) -> Pseudonyms:
        """The pseudonyms of this installation. Raises SettingsError where there is no key for them."""
        key = self.pseudonym_key_bytes()
        if key is None:
            raise SettingsError(
                "PACELINE_PSEUDONYM_KEY",
                "it is not set, and there is no other key to derive it from",
                "set it to at least 32 random bytes",
            )
        return Pseudonyms(key)

    def release_rules(self) -> ReleaseRules:
        """How releases are made here. Raises SettingsError where policy `private` has no key for its noise."""
        key = self.release_key
        if self.peer_release is ReleasePolicy.PRIVATE and key is None:
            raise SettingsError(
                "PACELINE_RELEASE_KEY", "it is not set, and noise needs it", "set it to at least 32 random bytes"
            )
        return ReleaseRules(
            policy=self.peer_release,
            minimum_peers=self.minimum_peers,
            minimum_responses=self.minimum_responses,
            key=None if key is None else key.get_secret_value().encode(),
        )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Pydantic's hook behind repr() and str(): addresses lose their credentials, secrets hide themselves."""
        for name, value in super().__repr_args__():
            yield name, _without_credentials(value) if isinstance(value, str) and "://" in value else value


def variable_of(field: str) -> str:
    """The environment variable behind a field of Settings."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field}".upper()


def variables() -> list[str]:
    """The environment variables that Settings reads."""
    return [variable_of(field) for field in Settings.model_fields]


def unknown_variables(names: Iterable[str]) -> list[str]:
    """Those of *names*, in any case, that bear our prefix and that nothing reads; sorted, in capitals."""
    ours = {name.upper() for name in names if name.upper().startswith(PREFIX)}
    return sorted(name for name in ours.difference(variables()) if not name.startswith(TEST_PREFIX))


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine's own address: `localhost`, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _amount(rate: str) -> int:
    """The first number of a rate that was found good."""
    return int(re.split(r"\D", rate, maxsplit=1)[0])


def _database_fault(url: str) -> str | None:
    """What is wrong with the URL of a database, as far as it can be seen without connecting."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in DRIVERS:
        return "it names no engine that is served"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        return "it is not a URL"
    if scheme == "sqlite+aiosqlite" and parts.path.removeprefix("/") in ("", ":memory:"):
        return "it names no file, and each connection would see a database of its own"
    return None


def _without_credentials(url: str) -> str:
    # Greedy, since passwords may hold an @; and the query may hold a password too.
    return re.sub(r"://.*@", "://***@", url.partition("?")[0])


def _first_of(invalid: ValidationError) -> SettingsError:
    """The first fault as one line; values stay out of it, since they may be secrets."""
    error = invalid.errors(include_input=False, include_url=False)[0]
    place = str(error["loc"][0])
    variable = variable_of(place) if place in Settings.model_fields else place
    limit = error.get("ctx", {})
    match error["type"]:
        case "greater_than_equal":
            return SettingsError(variable, f"it is below {limit['ge']}", f"give at least {limit['ge']}")
        case "less_than_equal":
            return SettingsError(variable, f"it is above {limit['le']}", f"give at most {limit['le']}")
        case "greater_than":
            return SettingsError(variable, f"it is not above {limit['gt']}", f"give more than {limit['gt']}")
        case "less_than":
            return SettingsError(variable, f"it is not below {limit['lt']:g}", f"give less than {limit['lt']:g}")
        case "literal_error" | "enum":
            return SettingsError(variable, "there is no such choice", f"give {limit['expected']}")
        case "bool_parsing":
            return SettingsError(variable, "it is neither true nor false", "give true or false")
        case "int_parsing" | "int_parsing_size" | "int_from_float":
            return SettingsError(variable, "it is not a whole number", "give one, in digits alone")
        case "float_parsing" | "finite_number":
            return SettingsError(variable, "it is not a number", "give one, in digits")
    return SettingsError(variable, "it cannot be used", "see docs/settings.md")
