"""One table of settings, and the only reader of the environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from emulator.errors import ConfigurationError
from emulator.transport.hosts import is_local

PREFIX = "EMULATOR_"
FILE = "emulator.toml"
OTHER_VARIABLES = ("EMULATOR_URL",)
"""What the pytest plugin and the commands read, and a server that is started beside them finds, too."""


MOST_DIGITS = 20
"""How many digits a number may be written with."""


@dataclass(frozen=True)
class Setting:
    """One setting: its key in emulator.toml, how its text is read, its default and what it does.

    `many` makes a list of it; `singular` is the name of one of its values, "scenario" of scenarios.
    """

    name: str
    read: Callable[[str], Any]
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
        """The option as it may be written: that of a list also in its singular, --scenario for --scenarios."""
        return (self.option, _option(self.singular)) if self.singular else (self.option,)

    @property
    def variable(self) -> str:
        """The environment variable: EMULATOR_MAX_BODY."""
        return PREFIX + self.name.upper()


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _text(text: str) -> str:
    return text


def _not_empty(text: str) -> str:
    if not text.strip():
        raise ValueError("expected an address such as 127.0.0.1")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a value; for none, leave the setting out, also where a compose file passes ${VAR:-}")
    return text


def _boolean(text: str) -> bool:
    values = {"true": True, "1": True, "false": False, "0": False}
    if text not in values:
        raise ValueError("expected true, false, 1 or 0")
    return values[text]


def _number(text: str) -> int | None:
    """Return the whole number that a text is; None if it is none, or has more digits than any setting takes."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = _number(text)
        if number is None or not lowest <= number <= highest:
            raise ValueError(f"expected a whole number from {lowest} to {highest}")
        return number

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return text

    return read


HOST_PATTERN = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def _vendor_host(text: str) -> tuple[str, str]:
    vendor, _, host = text.lower().removesuffix(".").partition("=")
    if not vendor or not HOST_PATTERN.fullmatch(host):
        raise ValueError("expected VENDOR=HOST, such as celigo=integrator.example.com or immuta=*.example.com")
    if is_local(host):
        raise ValueError(f"all vendors are at {host}; a port for one of them is the setting vendor_ports")
    return vendor, host


def _vendor_port(text: str) -> tuple[str, int]:
    vendor, _, port = text.lower().partition("=")
    number = _number(port)
    if not vendor or number is None or number > 65535:
        raise ValueError("expected VENDOR=PORT, such as celigo=4071")
    return vendor, number


ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^/\s]+")


def _origin(text: str) -> str:
    if not ORIGIN.fullmatch(text):
        raise ValueError("expected an origin without a path, such as http://localhost:3000, or *")
    return text


def _size(text: str) -> int:
    units = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
    digits = text.rstrip("kKmMgG")
    number, unit = _number(digits), text[len(digits) :].lower()
    if not number or unit not in units:
        raise ValueError("expected a number of bytes such as 1048576, 512k, 256m or 1g")
    return number * units[unit]


SETTINGS: Sequence[Setting] = (
    Setting("host", _not_empty, "127.0.0.1", "The address to listen on; :: takes IPv4, too."),
    Setting("port", _whole(0, 65535), 4070, "The port to listen on; 0 takes a free one."),
    Setting(
        "tls", _one_of("off", "auto", "files"), "off", "https, too, with a certificate made at the start or files."
    ),
    Setting("tls_port", _whole(0, 65535), 4443, "The port for https; 0 takes a free one."),
    Setting("tls_cert", _text, "", "With tls=files: the certificate (and its chain) as PEM."),
    Setting("tls_key", _text, "", "With tls=files: the certificate's key as PEM, if it is not in tls_cert."),
    Setting("log_level", _one_of("debug", "info", "warning", "error"), "info", "How much to log."),
    Setting("log_format", _one_of("auto", "text", "json"), "auto", "How: auto (coloured on a terminal), text, json."),
    Setting("access_log", _boolean, True, "Log a line for each call."),
    Setting("strict", _boolean, False, "Refuse, in the vendor's words, what a vendor would only be tolerant of."),
    Setting("seed", _whole(0, 2**63 - 1), 1, "The seed of everything random: the same seed gives the same world."),
    Setting("fixtures", _text, "", "A folder laid over the built-in fixtures."),
    Setting("contracts", _text, "", "A folder laid over the built-in contracts."),
    Setting("reload", _boolean, True, "Read the files of those two folders again when they change."),
    Setting(
        "switches",
        _text,
        (),
        "Switches for what is not known of a vendor: celigo.empty_list_status=204.",
        True,
        "switch",
    ),
    Setting("max_body", _size, 256 * 1024**2, "The largest body that is read, in bytes (or 512k, 256m, 1g)."),
    Setting("max_json", _size, 16 * 1024**2, "The largest JSON (GraphQL, form) that is read, in bytes."),
    Setting("max_json_depth", _whole(1, 200), 100, "The deepest JSON that is read, in levels."),
    Setting("graphql_depth", _whole(1, 1000), 25, "The deepest GraphQL document that is run, in fields."),
    Setting("graphql_aliases", _whole(0, 10_000), 100, "How many aliases a GraphQL document may have."),
    Setting("graphql_fields", _whole(1, 100_000), 2000, "How many fields it may select, its fragments spread out."),
    Setting("graphql_tokens", _whole(1, 1_000_000), 15_000, "How many tokens it may have."),
    Setting("graphql_length", _size, 1024**2, "How many characters it may have (or 512k, 1m)."),
    Setting(
        "scenarios",
        _text,
        (),
        "Scenarios that every sandbox starts with: secoda/rate-limited, */outage.",
        True,
        "scenario",
    ),
    Setting("database", _not_blank, "", "A file that keeps the default sandbox across restarts."),
    Setting("sandbox_limit", _whole(0, 100_000), 1000, "How many sandboxes there may be besides the default one."),
    Setting("snapshot_bytes", _size, 512 * 1024**2, "How many bytes the snapshots of all sandboxes may take together."),
    Setting("journal_size", _whole(1, 10_000_000), 10_000, "How many exchanges a sandbox's journal keeps."),
    Setting(
        "journal_bytes",
        _size,
        32 * 1024**2,
        "How many bytes of them, about (or 512k, 1g); all sandboxes' journals together 256m, or this if it is more.",
    ),
    Setting(
        "vendor_hosts",
        _vendor_host,
        (),
        "More host names with a vendor's own paths at their root: celigo=integrator.example.com, immuta=*.example.com.",
        True,
        "vendor_host",
    ),
    Setting(
        "vendor_ports",
        _vendor_port,
        (),
        "Ports with one vendor at their root, for clients that take no path: celigo=4071.",
        True,
        "vendor_port",
    ),
    Setting(
        "cors",
        _origin,
        (),
        "Origins whose pages may call the vendors and, if named, the control API; * means any.",
        True,
    ),
    Setting(
        "trust_forwarded",
        _boolean,
        False,
        "Believe X-Forwarded-Proto, -Host and -Prefix (or Forwarded) of a proxy in front.",
    ),
    Setting(
        "control_hosts",
        _text,
        (),
        "Host names that the control API answers to, besides localhost.",
        True,
        "control_host",
    ),
    Setting("control_token", _not_blank, "", "If set, control calls need it: Authorization: Bearer TOKEN."),
)


class Settings(dict[str, Any]):
    """The value of every setting, by name and as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def read_settings(
    options: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> Settings:
    """Return every setting, taken from `options`, else `environ`, else emulator.toml in `folder`, else its default.

    Raises ConfigurationError with one sentence for an unknown setting or a bad value.
    """
    options, environ = options or {}, environ or {}
    written = _read_file((folder or Path()) / FILE)
    _refuse_unknown(environ)
    values = Settings()
    for setting in SETTINGS:
        if options.get(setting.name) not in (None, ()):
            values[setting.name] = _value(setting, options[setting.name], setting.option)
        elif setting.variable in environ:
            values[setting.name] = _value(setting, environ[setting.variable], setting.variable)
        elif setting.name in written:
            values[setting.name] = _value(setting, written[setting.name], f"{FILE}: {setting.name}")
        else:
            values[setting.name] = setting.default
    return values


def _value(setting: Setting, given: Any, where: str) -> Any:
    if setting.many:
        texts = [given] if isinstance(given, str) else given
        entries = [entry.strip() for text in texts for entry in str(text).split(",")]
        return tuple(dict.fromkeys(_read(setting, entry, where) for entry in entries if entry))
    return _read(setting, str(given).lower() if isinstance(given, bool) else str(given), where)


def _read(setting: Setting, text: str, where: str) -> Any:
    try:
        return setting.read(text)
    except ValueError as problem:
        raise ConfigurationError(f"{where} is {text!r}: {problem}") from None


def _read_file(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        return {}
    import tomllib  # noqa: PLC0415 - most have no such file

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
        nearest = get_close_matches(name, known, 1, 0.0)[0]
        raise ConfigurationError(f"{where}: there is no setting {name}; did you mean {nearest}?")
