"""The commands besides `serve`, by what they need: nothing that runs, or an emulator that does."""
