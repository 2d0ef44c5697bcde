"""The release mechanism: the one way in which a figure about many learners is published."""
