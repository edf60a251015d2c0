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
    brand_color: str = Field(default="", max_length=7, sa_column_kwargs={"server_default": ""})
    """`#rrggbb`; without it the house's own colour."""
    logo_id: int | None = Field(default=None, foreign_key="picture.id", ondelete="SET NULL")
    about: str = Field(default="", max_length=300, sa_column_kwargs={"server_default": ""})
    website: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    contact: str = Field(default="", max_length=254, sa_column_kwargs={"server_default": ""})
    """Where members write to: an e-mail address."""
    undo_minutes: int = Field(default=5, sa_column_kwargs={"server_default": "5"})
    """For so long staff may undo their own scan; 0 is never."""
    lock_minutes: int = Field(default=5, sa_column_kwargs={"server_default": "5"})
    """An enrolled device left alone for so long asks for the PIN again."""
