"""The IDE in the browser: GraphiQL from files that this server holds, with example queries in its tabs."""
