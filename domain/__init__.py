"""The rules of Paceline: what is computed, from what, and what is withheld."""
