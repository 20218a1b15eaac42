"""deploy/kubernetes against Kubernetes' own schemas, which kubernetes-validate carries."""

from __future__ import annotations

from collections.abc import Callable

from tests.benchmarks.processes import REPOSITORY
from tests.clients.conftest import Client


def test_kubernetes_takes_the_manifests(client: Callable[[str], Client]) -> None:
    files = sorted(str(file) for file in (REPOSITORY / "deploy" / "kubernetes").rglob("*.yaml"))
    assert client("kubernetes").script("validate_manifests.py", *files) == [
        "StatefulSet/emulator",
        "Service/emulator",
        "Service/emulator-0",
        "Service/emulator-1",
        "Ingress/emulator",
        "ConfigMap/emulator-router",
        "Deployment/emulator-router",
        "Service/emulator-router",
        "Ingress/emulator",
    ]
