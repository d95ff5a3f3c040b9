"""What the user's cells did: runs, names bound and changed, errors."""
