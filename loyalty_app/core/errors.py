"""A caller's mistakes. An expected "no" of the business is a `Reason`, returned and never raised."""

from loyalty_app.core.languages import Sentence


class AppError(Exception):
    """The request cannot be carried out; the transaction is rolled back."""


class NotFoundError(AppError):
    """What was asked for does not exist."""

    def __init__(self, noun: str) -> None:
        """Name what is missing in the reader's words."""
        super().__init__(f"This {noun} does not exist, or not any more.")


class ForbiddenError(AppError):
    """The caller lacks the permission."""

    def __init__(self) -> None:
        """Say it without telling what is there."""
        super().__init__(Sentence("Your account may not do this. Ask an admin if you need it."))


class InvalidError(AppError):
    """One or more fields are not acceptable; nothing was changed."""

    def __init__(self, **problems: str) -> None:
        """Take one sentence for each wrong field."""
        super().__init__(" ".join(problems.values()))
        self.problems = problems
