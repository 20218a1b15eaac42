"""The emulator in a container during a test: `pip install integration-emulator[testcontainers]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from emulator.settings import PREFIX, read_settings

try:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import HttpWaitStrategy
except ImportError:
    raise ImportError("emulator.testing.containers needs: pip install 'integration-emulator[testcontainers]'") from None

__all__ = ["IMAGE", "EmulatorContainer"]

IMAGE = "integration-emulator"
SECONDS = 60


class EmulatorContainer(DockerContainer):
    """The emulator in a container, started and ready inside `with`, removed after it.

    `settings` are those in the table of settings, by name, such as {"scenarios": ["secoda/rate-limited"]};
    further arguments are DockerContainer's. Raises ConfigurationError for an invalid setting.
    """

    def __init__(
        self,
        image: str = IMAGE,
        *,
        settings: Mapping[str, str | int | bool | Sequence[str]] | None = None,
        startup_timeout: int = SECONDS,
        **kwargs: Any,
    ) -> None:
        variables = {PREFIX + name.upper(): _text(value) for name, value in (settings or {}).items()}
        # Refuse an invalid setting here, with its sentence: the container would only end.
        self.port: int = read_settings(environ=variables, folder=Path(__file__).parent).port
        self._aliases: Sequence[str] = ()
        super().__init__(image, **kwargs)
        self.with_envs(**variables)
        self.with_exposed_ports(self.port)
        self.waiting_for(HttpWaitStrategy(self.port, "/_emulator/ready").with_startup_timeout(startup_timeout))

    @property
    def url(self) -> str:
        """The container's URL for this process: "http://localhost:32768"."""
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(self.port)}"

    def with_network_aliases(self, *aliases: str) -> Self:
        """Give the container names in its network, which its control API then accepts, too."""
        self._aliases = aliases
        return super().with_network_aliases(*aliases)

    def start(self) -> Self:
        """Start the container; its control API accepts the engine's host and the network aliases."""
        names = [self.get_docker_client().host(), *self._aliases]
        self.env.setdefault(PREFIX + "CONTROL_HOSTS", ",".join(names))
        return super().start()


def _text(value: str | int | bool | Sequence[str]) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) else ",".join(value)
