"""`%agent` and `%%agent`: options, completion, the reply as it streams, slash commands."""
