"""Migrations of the database, the same for SQLite and PostgreSQL."""
