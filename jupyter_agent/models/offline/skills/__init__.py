"""What is said of errors, and small talk."""
