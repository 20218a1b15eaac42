curl -s -X POST localhost:4070/_emulator/sandboxes -H 'Content-Type: application/json' -d '{"name": "ci-1", "seed": 7}'
curl -s -X PUT localhost:4070/_emulator/scenarios/secoda/rate-limited
curl -s localhost:4070/secoda/api/v1/integration/integrations -H 'Authorization: Bearer secoda-token' -i
curl -s localhost:4070/_emulator/journal
