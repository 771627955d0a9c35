"""Ways through the request log: by label and by key, each newest first."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_requests_label_id", "requests", ["label", "id"])
    op.create_index("ix_requests_key_id_id", "requests", ["key_id", "id"])
    op.create_index("ix_sorts_key_id_id", "sorts", ["key_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_sorts_key_id_id", "sorts")
    op.drop_index("ix_requests_key_id_id", "requests")
    op.drop_index("ix_requests_label_id", "requests")
