"""How much of a message the vocabulary lacks."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("requests", sa.Column("unknown_share", sa.Float, nullable=True))


def downgrade() -> None:
    op.drop_column("requests", "unknown_share")
