"""The running system: the app, events that come in, values that follow them, and longer work beside it."""
