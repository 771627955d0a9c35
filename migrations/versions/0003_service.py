"""What people add to the log: who asked, with which key, and what was corrected."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("requests", sa.Column("key_id", sa.String(16), nullable=True))
    op.add_column(
        "requests",
        sa.Column("decided_by", sa.String(16), nullable=False, server_default="model"),
    )
    op.add_column("sorts", sa.Column("key_id", sa.String(16), nullable=True))
    op.create_table(
        "corrections",
        sa.Column("message_hash", sa.String(64), primary_key=True),
        sa.Column("label", sa.String(8), nullable=False),
        sa.Column("entry_id", sa.String(32), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrected_by", sa.String(16), nullable=True),
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("scopes", sa.String(100), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
    )


def downgrade() -> None:
    op.drop_table("keys")
    op.drop_table("corrections")
    op.drop_column("sorts", "key_id")
    op.drop_column("requests", "decided_by")
    op.drop_column("requests", "key_id")
