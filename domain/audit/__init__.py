"""The audit trail: acts that concern a person leave a record, or do not happen."""
