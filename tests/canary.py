"""A person who is looked for in all that a process tells, and must never be found."""

from tests.builders import an_id
from tests.client import token

NAME = "Canary Quetzal"
ID = an_id(NAME)
TOKEN = token(ID)
CANARIES = (NAME, "Quetzal", ID, ID.upper(), ID.replace("-", ""), TOKEN, TOKEN.split(".")[1])
