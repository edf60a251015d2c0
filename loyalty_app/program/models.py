"""The program."""

from sqlmodel import Field, SQLModel

THE_ONE = 1


class Program(SQLModel, table=True):
    """The whole installation; there is one row, and its existence means that setup is done."""

    id: int = Field(default=THE_ONE, primary_key=True)
    name: str = Field(max_length=80)
    time_zone: str = Field(max_length=64)
    currency: str = Field(max_length=3)
    locale: str = Field(max_length=12)
