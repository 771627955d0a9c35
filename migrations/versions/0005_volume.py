"""The index by time also holds the label: the dashboard counts from it alone."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_requests_created_at_label", "requests", ["created_at", "label"])
    op.drop_index("ix_requests_created_at", "requests")


def downgrade() -> None:
    op.create_index("ix_requests_created_at", "requests", ["created_at"])
    op.drop_index("ix_requests_created_at_label", "requests")
