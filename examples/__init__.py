"""Programs to learn from: they use Paceline as anybody can, through its files, commands and API."""
