"""One table of settings, and the only reader of the environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from emulator.errors import ConfigurationError, unknown
from emulator.transport.hosts import is_local

T = TypeVar("T")

PREFIX = "EMULATOR_"
FILE = "emulator.toml"
OTHER_VARIABLES = ("EMULATOR_URL",)
"""Variables of the pytest plugin and the commands, which a server in the same environment must ignore."""


MOST_DIGITS = 20
"""The maximum number of digits in a number."""


@dataclass(frozen=True)
class Kind(Generic[T]):
    """The type of a setting: `read` parses a text, or raises ValueError with what was expected.

    `metavar` stands for the value in help texts, `schema` is the JSON Schema of a value in emulator.toml.
    """

    read: Callable[[str], T]
    metavar: str = "TEXT"
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


class Setting(NamedTuple):
    """One setting: its key in emulator.toml, its type, its default and what it does.

    `many` means that it is a list; `singular` is the name of one entry: "scenario" of scenarios.
    """

    name: str
    kind: Kind[Any]
    default: Any
    help: str
    many: bool = False
    singular: str = ""

    @property
    def option(self) -> str:
        """The command line option: --max-body."""
        return _option(self.name)

    @property
    def options(self) -> Sequence[str]:
        """The spellings of the option: that of a list also in the singular, --scenario for --scenarios."""
        return (self.option, _option(self.singular)) if self.singular else (self.option,)

    @property
    def variable(self) -> str:
        """The environment variable: EMULATOR_MAX_BODY."""
        return PREFIX + self.name.upper()

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of its key in emulator.toml."""
        entry = self.kind.schema
        default = {"default": self.default} if self.default not in ("", ()) else {}
        described = {"oneOf": [entry, {"type": "array", "items": entry}]} if self.many else entry
        return {"description": self.help, **default, **described}


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _not_empty(text: str) -> str:
    if not text.strip():
        raise ValueError("expected an address such as 127.0.0.1")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a value; to leave it unset, remove the setting, also a ${VAR:-} in a compose file")
    return text


def _boolean(text: str) -> bool:
    values = {"true": True, "1": True, "false": False, "0": False}
    if text not in values:
        raise ValueError("expected true, false, 1 or 0")
    return values[text]


def _number(text: str) -> int | None:
    """Return the whole number in a text; None if it is not one, or has more digits than any setting allows."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


HOST_PATTERN = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def _vendor_host(text: str) -> tuple[str, str]:
    vendor, _, host = text.lower().removesuffix(".").partition("=")
    if not vendor or not HOST_PATTERN.fullmatch(host):
        raise ValueError("expected VENDOR=HOST, such as celigo=integrator.example.com or immuta=*.example.com")
    if is_local(host):
        raise ValueError(f"{host} serves all vendors; to serve one at the root of a port, set vendor_ports")
    return vendor, host


def _vendor_port(text: str) -> tuple[str, int]:
    vendor, _, port = text.lower().partition("=")
    number = _number(port)
    if not vendor or number is None or number > 65535:
        raise ValueError("expected VENDOR=PORT, such as celigo=4071")
    return vendor, number


ORIGIN_PATTERN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^/\s]+")


VENDOR_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def _vendor_file(text: str) -> tuple[str, str]:
    vendor, _, file = text.partition("=")
    if not VENDOR_NAME.fullmatch(vendor) or not file:
        raise ValueError("expected VENDOR=FILE, such as acme=acme.yaml; VENDOR takes small letters, digits, - and _")
    return vendor, file


def _origin(text: str) -> str:
    if not ORIGIN_PATTERN.fullmatch(text):
        raise ValueError("expected an origin without a path, such as http://localhost:3000, or *")
    return text


def _size(text: str) -> int:
    units = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
    digits = text.rstrip("kKmMgG")
    number, unit = _number(digits), text[len(digits) :].lower()
    if not number or unit not in units:
        raise ValueError("expected a number of bytes such as 1048576, 512k, 256m or 1g")
    return number * units[unit]


FOLDER = Kind(str, "FOLDER")
PEM_FILE = Kind(str, "FILE")
ADDRESS = Kind(_not_empty, "ADDRESS")
DATABASE = Kind(_not_blank, "FILE")
TOKEN = Kind(_not_blank, "TOKEN")
BOOLEAN = Kind(_boolean, "[true|false]", {"type": "boolean"})
SIZE = Kind(
    _size, "BYTES", {"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[0-9]+[kKmMgG]?$"}]}
)
SWITCH = Kind(str, "VENDOR.SWITCH=VALUE")
SCENARIO = Kind(str, "VENDOR/SCENARIO")
VENDOR_HOST = Kind(_vendor_host, "VENDOR=HOST")
VENDOR_PORT = Kind(_vendor_port, "VENDOR=PORT")
VENDOR_FILE = Kind(_vendor_file, "VENDOR=FILE")
ORIGIN = Kind(_origin, "ORIGIN")
HOST = Kind(str, "HOST")


def _whole(lowest: int, highest: int) -> Kind[int]:
    def read(text: str) -> int:
        number = _number(text)
        if number is None or not lowest <= number <= highest:
            raise ValueError(f"expected a whole number from {lowest} to {highest}")
        return number

    return Kind(read, "NUMBER", {"type": "integer", "minimum": lowest, "maximum": highest})


def _one_of(*choices: str) -> Kind[str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return text

    return Kind(read, f"[{'|'.join(choices)}]", {"enum": list(choices)})


def _setting(kind: Kind[T], default: T, help: str) -> T:
    value: T = field(default=default, metadata={"kind": kind, "help": help})
    return value


def _entries(kind: Kind[T], help: str, singular: str = "") -> tuple[T, ...]:
    """Return a setting that is a list; `singular` is the name of one entry: "scenario" of scenarios."""
    value: tuple[T, ...] = field(default=(), metadata={"kind": kind, "help": help, "many": True, "singular": singular})
    return value


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The value of every setting. Its fields are the one table of settings."""

    host: str = _setting(ADDRESS, "127.0.0.1", "The address to listen on; :: includes IPv4.")
    port: int = _setting(_whole(0, 65535), 4070, "The port to listen on; 0 picks a free one.")
    tls: str = _setting(
        _one_of("off", "auto", "files"), "off", "Serve https, too: auto generates a certificate, files uses yours."
    )
    tls_port: int = _setting(_whole(0, 65535), 4443, "The port for https; 0 picks a free one.")
    tls_cert: str = _setting(PEM_FILE, "", "With tls=files: the certificate (and its chain) as PEM.")
    tls_key: str = _setting(PEM_FILE, "", "With tls=files: the certificate's key as PEM, if it is not in tls_cert.")
    log_level: str = _setting(_one_of("debug", "info", "warning", "error"), "info", "The lowest level that is logged.")
    log_format: str = _setting(
        _one_of("auto", "text", "json"), "auto", "The format of the log: auto (coloured on a terminal), text, json."
    )
    access_log: bool = _setting(BOOLEAN, True, "Log a line for each call.")
    otel: bool = _setting(
        BOOLEAN, False, "Send a span for each call to a collector of OpenTelemetry; needs the extra otel."
    )
    strict: bool = _setting(BOOLEAN, False, "Refuse, in the vendor's words, what the vendor tolerates.")
    seed: int = _setting(_whole(0, 2**63 - 1), 1, "The seed of everything random: same seed, same sandbox.")
    fixtures: str = _setting(FOLDER, "", "A folder laid over the built-in fixtures.")
    contracts: str = _setting(FOLDER, "", "A folder laid over the built-in contracts.")
    vendors: tuple[str, ...] = _entries(
        FOLDER, "Folders with vendors of your own: FOLDER/acme/openapi.yaml is the contract of acme."
    )
    openapi: tuple[tuple[str, str], ...] = _entries(
        VENDOR_FILE, "OpenAPI documents (3.0, 3.1) to serve as they are, what they do inferred: acme=acme.yaml."
    )
    reload: bool = _setting(BOOLEAN, True, "Read those files and folders again when they change.")
    switches: tuple[str, ...] = _entries(
        SWITCH, "Switches for unknown vendor behaviour: celigo.empty_list_status=204.", singular="switch"
    )
    max_body: int = _setting(SIZE, 256 * 1024**2, "The maximum size of a body, in bytes (or 512k, 256m, 1g).")
    max_json: int = _setting(SIZE, 16 * 1024**2, "The maximum size of a JSON, GraphQL or form body, in bytes.")
    max_json_depth: int = _setting(_whole(1, 200), 100, "The maximum depth of JSON, in levels.")
    graphql_depth: int = _setting(_whole(1, 1000), 25, "The maximum depth of a GraphQL document, in fields.")
    graphql_aliases: int = _setting(_whole(0, 10_000), 100, "How many aliases a GraphQL document may have.")
    graphql_fields: int = _setting(_whole(1, 100_000), 2000, "How many fields it may select, with fragments expanded.")
    graphql_tokens: int = _setting(_whole(1, 1_000_000), 15_000, "How many tokens it may have.")
    graphql_length: int = _setting(SIZE, 1024**2, "How many characters it may have (or 512k, 1m).")
    scenarios: tuple[str, ...] = _entries(
        SCENARIO, "Scenarios that every sandbox starts with: secoda/rate-limited, */outage.", singular="scenario"
    )
    database: str = _setting(DATABASE, "", "A file that stores the default sandbox across restarts.")
    sandbox_limit: int = _setting(_whole(0, 100_000), 1000, "How many sandboxes may exist besides the default one.")
    sandbox_ttl: int = _setting(
        _whole(0, 10**9), 0, "After how many seconds a sandbox besides the default one is dropped; 0: never."
    )
    sandbox_idle: int = _setting(_whole(0, 10**9), 0, "After how many seconds without a call one is dropped; 0: never.")
    snapshot_bytes: int = _setting(
        SIZE, 512 * 1024**2, "How many bytes the snapshots of all sandboxes may take together."
    )
    journal_size: int = _setting(_whole(1, 10_000_000), 10_000, "How many exchanges a sandbox's journal stores.")
    journal_bytes: int = _setting(
        SIZE,
        32 * 1024**2,
        "How many bytes they may take, about (or 512k, 1g); those of all sandboxes 256m, or this if it is more.",
    )
    vendor_hosts: tuple[tuple[str, str], ...] = _entries(
        VENDOR_HOST,
        "More host names with a vendor's own paths at their root: celigo=integrator.example.com, immuta=*.example.com.",
        singular="vendor_host",
    )
    vendor_ports: tuple[tuple[str, int], ...] = _entries(
        VENDOR_PORT,
        "Ports with one vendor at their root, for clients whose base URL has no path: celigo=4071.",
        singular="vendor_port",
    )
    cors: tuple[str, ...] = _entries(
        ORIGIN, "Origins whose pages may call the vendors and, if named, the control API; * means any."
    )
    trust_forwarded: bool = _setting(
        BOOLEAN, False, "Trust X-Forwarded-Proto, -Host and -Prefix (or Forwarded) of a proxy in front."
    )
    control_hosts: tuple[str, ...] = _entries(
        HOST, "Host names that the control API accepts, besides localhost.", singular="control_host"
    )
    control_token: str = _setting(TOKEN, "", "If set, control calls need it: Authorization: Bearer TOKEN.")

    @property
    def graphql_limits(self) -> dict[str, int]:
        """The limits of a GraphQL document, by the names that GraphQLLimits gives them."""
        return {name: getattr(self, f"graphql_{name}") for name in ("depth", "aliases", "fields", "tokens", "length")}


SETTINGS: Sequence[Setting] = tuple(
    Setting(name=field.name, default=field.default, **field.metadata) for field in fields(Settings)
)


def settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of emulator.toml."""
    return {
        "title": "Settings",
        "description": "The settings in emulator.toml. Command line options and environment variables override them.",
        "type": "object",
        "additionalProperties": False,
        "properties": {setting.name: setting.schema for setting in SETTINGS},
    }


def read_settings(
    options: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> Settings:
    """Return every setting: from `options`, or else `environ`, emulator.toml in `folder`, or its default.

    Raises ConfigurationError with one sentence for an unknown setting or an invalid value.
    """
    options, environ = options or {}, environ or {}
    written = _read_file((folder or Path()) / FILE)
    _refuse_unknown(environ)
    return Settings(**{setting.name: _first(setting, options, environ, written) for setting in SETTINGS})


def _first(setting: Setting, options: Mapping[str, Any], environ: Mapping[str, str], written: Mapping[str, Any]) -> Any:
    if options.get(setting.name) not in (None, ()):
        return _value(setting, options[setting.name], setting.option)
    if setting.variable in environ:
        return _value(setting, environ[setting.variable], setting.variable)
    if setting.name in written:
        return _value(setting, written[setting.name], f"{FILE}: {setting.name}")
    return setting.default


def _value(setting: Setting, given: Any, where: str) -> Any:
    if setting.many:
        texts = [given] if isinstance(given, str) else given
        entries = [entry.strip() for text in texts for entry in str(text).split(",")]
        return tuple(dict.fromkeys(_read(setting, entry, where) for entry in entries if entry))
    return _read(setting, str(given).lower() if isinstance(given, bool) else str(given), where)


def _read(setting: Setting, text: str, where: str) -> Any:
    try:
        return setting.kind.read(text)
    except ValueError as problem:
        raise ConfigurationError(f"{where} is {text!r}: {problem}") from None


def _read_file(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        return {}
    import tomllib  # noqa: PLC0415

    try:
        written = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as problem:
        raise ConfigurationError(f"{file.name}: {problem}") from None
    except (ValueError, RecursionError):
        # Python's limits: sys.get_int_max_str_digits() and sys.getrecursionlimit().
        raise ConfigurationError(f"{file.name}: an integer is too long, or arrays are nested too deep") from None
    for name in written:
        _refuse(name, [setting.name for setting in SETTINGS], file.name)
    return written


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    for name in environ:
        if name.startswith(PREFIX) and name not in OTHER_VARIABLES:
            _refuse(name, [setting.variable for setting in SETTINGS], "environment")


def _refuse(name: str, known: Sequence[str], where: str) -> None:
    if name not in known:
        raise ConfigurationError(f"{where}: {unknown('setting', name, known, listed_by='`emulator serve --help`')}")
