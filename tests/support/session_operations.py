"""What can be done with one conversation: method, and path behind that of all conversations."""

SESSION_OPERATIONS = [
    *(("POST", f"{{}}/{action}") for action in ("undo", "redo", "branch", "replay", "summarize", "share")),
    ("DELETE", "{}/share"),
    ("GET", "{}/export"),
]
