"""validate_manifests.py FILE... : hold Kubernetes manifests to its schemas; print what was valid."""

import json
import sys
from pathlib import Path

import kubernetes_validate
import yaml

VERSIONS = ("1.30", "1.37")

valid = []
for file in sys.argv[1:]:
    for manifest in yaml.safe_load_all(Path(file).read_text()):
        for version in VERSIONS:
            kubernetes_validate.validate(manifest, version, strict=True)
        valid.append(f"{manifest['kind']}/{manifest['metadata']['name']}")
print(json.dumps(valid))
