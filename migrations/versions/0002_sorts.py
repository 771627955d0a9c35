"""The log of sorted lists."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sorts",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("numbers_hash", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("descending", sa.Boolean, nullable=False),
        sa.Column("exact", sa.Boolean, nullable=False),
        sa.Column("first_break", sa.Integer, nullable=True),
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.Column("queue_ms", sa.Float, nullable=False),
        sa.Column("inference_ms", sa.Float, nullable=False),
        sa.Column("numbers", sa.Text, nullable=True),
    )
    op.create_index("ix_sorts_created_at", "sorts", ["created_at"])
    op.create_index("ix_sorts_numbers_hash", "sorts", ["numbers_hash"])


def downgrade() -> None:
    op.drop_table("sorts")
