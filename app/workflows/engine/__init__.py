"""What every act stands on: rights, visibility, moves, transactions, refusals, the outbox."""
