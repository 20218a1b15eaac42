docker build -t integration-emulator .
docker run --rm --detach --name emulator -p 4070:4070 -e EMULATOR_SEED=7 integration-emulator --scenario secoda/rate-limited
curl -s --fail --retry 60 --retry-delay 1 --retry-all-errors http://localhost:4070/_emulator/ready
docker stop emulator
