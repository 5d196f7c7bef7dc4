"""Single texts go out on the line they belong to and know what they cost."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("single_text", sa.Column("line", sa.Text(), nullable=True))
    op.add_column("single_text", sa.Column("charged_to", sa.BigInteger(), nullable=True))
    op.add_column("single_text", sa.Column("page_count", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("single_text", sa.Column("cost", sa.Integer(), nullable=True))
    op.create_index(
        "ix_single_text_charged_to", "single_text", ["charged_to"], unique=False, postgresql_where=sa.text("charged_to IS NOT NULL")
    )
