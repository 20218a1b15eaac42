pip install pytest requests ./integration-emulator
