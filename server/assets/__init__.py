"""Other people's files that pages in the browser are made of: pinned, copied from npm, served from here."""
