"""Pictures of figures. Whatever is in here needs matplotlib, the optional extra `charts`."""
