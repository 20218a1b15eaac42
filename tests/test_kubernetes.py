"""deploy/kubernetes is consistent. That Kubernetes accepts it: tests/clients/test_kubernetes.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from emulator import __version__
from emulator.settings import read_settings
from tests.benchmarks.processes import REPOSITORY

DEPLOY = REPOSITORY / "deploy"


def manifests(*folders: str) -> list[dict[str, Any]]:
    files = [file for folder in folders for file in sorted((DEPLOY / folder).glob("*.yaml"))]
    return [document for file in files for document in yaml.safe_load_all(file.read_text())]


ALL = manifests("kubernetes", "kubernetes/without-router")
TOGETHER = manifests("kubernetes")


def one(kind: str, name: str, among: Sequence[dict[str, Any]] = TOGETHER) -> dict[str, Any]:
    found = [manifest for manifest in among if (manifest["kind"], manifest["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, (kind, name)
    return found[0]


def container(kind: str, name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a pod's container, and its environment."""
    (found,) = one(kind, name)["spec"]["template"]["spec"]["containers"]
    return found, {variable["name"]: variable["value"] for variable in found["env"]}


def test_router_has_the_configuration_that_is_tested_on_loopback() -> None:
    written = one("ConfigMap", "emulator-router")["data"]["default.conf.template"]
    assert written == (DEPLOY / "nginx.conf.template").read_text()


def test_the_router_has_a_service_for_every_process() -> None:
    processes = [f"emulator-{number}" for number in range(one("StatefulSet", "emulator")["spec"]["replicas"])]
    for process in processes:
        assert one("Service", process)["spec"]["selector"] == {"statefulset.kubernetes.io/pod-name": process}
    _, environ = container("Deployment", "emulator-router")
    assert environ["SERVERS"] == " ".join(f"server {process}:4070 max_fails=0;" for process in processes)


def test_emulator_starts_with_the_environment_that_its_pod_has() -> None:
    found, environ = container("StatefulSet", "emulator")
    settings = read_settings({}, environ)
    assert found["ports"] == [{"name": "http", "containerPort": settings.port}]
    assert settings.control_hosts == ("emulator-router", one("Ingress", "emulator")["spec"]["rules"][0]["host"])


@pytest.mark.parametrize("kind", ["StatefulSet", "Deployment"])
def test_pods_get_no_variables_of_services(kind: str) -> None:
    # A Service named emulator sets EMULATOR_PORT=tcp://..., which is a bad value of the setting.
    pods = [manifest["spec"]["template"]["spec"] for manifest in ALL if manifest["kind"] == kind]
    assert pods
    assert [pod for pod in pods if pod["enableServiceLinks"] is not False] == []


def test_image_has_this_version() -> None:
    found, _ = container("StatefulSet", "emulator")
    assert found["image"] == f"integration-emulator:{__version__}"


@pytest.mark.parametrize("manifest", ALL, ids=lambda manifest: f"{manifest['kind']}/{manifest['metadata']['name']}")
def test_selectors_and_backends_lead_somewhere(manifest: dict[str, Any]) -> None:
    spec = manifest.get("spec", {})
    if manifest["kind"] == "Service" and "app" in spec["selector"]:
        assert [pod for pod in ALL if pod["kind"] in ("StatefulSet", "Deployment") and _matches(spec["selector"], pod)]
    if manifest["kind"] == "Ingress":
        for path in spec["rules"][0]["http"]["paths"]:
            backend = path["backend"]["service"]
            ports = one("Service", backend["name"])["spec"]["ports"]
            assert backend["port"]["name"] in [port["name"] for port in ports]


def _matches(selector: dict[str, str], owner: dict[str, Any]) -> bool:
    labels = owner["spec"]["template"]["metadata"]["labels"]
    return all(labels.get(name) == value for name, value in selector.items())
