"""Check a project for damage, and fix what can be fixed."""
