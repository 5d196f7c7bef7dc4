"""Alembic's entry: one linear history, one transaction for all steps, one migrating process at a time."""

from alembic import context
from sqlalchemy import create_engine, text

import campaigns.models
import contacts.models
import engage.events
import engage.identity.models
import engage.reports.models
import surveys.models
from engage.db import db

LOCK = 7_203_115

engine = create_engine(context.config.attributes["database_url"])
with engine.connect() as connection:
    with connection.begin():
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            compare_type=True,
            compare_server_default=False,
            # A database that is being put back keeps its version elsewhere until it may be used.
            version_table=context.config.attributes.get("version_table", "alembic_version"),
        )
        context.run_migrations()
engine.dispose()
