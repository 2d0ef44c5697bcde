"""The GraphQL API: what clients see, and nothing of how it is made."""
