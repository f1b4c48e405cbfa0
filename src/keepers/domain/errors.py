"""What can go wrong, each error saying what is wrong, where, and what to do next."""


class KeepersError(Exception):
    """Base of every error that Keepers raises on purpose; its text is meant for the person who reads it."""

    exit_code = 1


class InputError(KeepersError):
    """The data given cannot be used as they are."""

    exit_code = 3


class AmbiguousColumnsError(InputError):
    """Two columns could both play a role, and only a person can say which one does."""

    def __init__(self, message: str, candidates: dict[str, list[str]]) -> None:
        super().__init__(message)
        self.candidates = candidates


class ConfigError(KeepersError):
    """An option or a configuration file says something impossible."""

    exit_code = 2


class MissingExtraError(KeepersError):
    """An optional library is not installed."""

    exit_code = 4

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs `{library}`, which is not installed. Install it with: pip install 'keepers[{extra}]'"
        )


class EngineError(KeepersError):
    """The engine that holds the data failed: disk full, connection lost, permission refused."""

    exit_code = 5


class FitError(KeepersError):
    """A model could not be fitted, or a prediction was asked of a fit that failed."""

    exit_code = 6


class NotFittedError(FitError):
    """A prediction was asked of a model before `fit`."""

    def __init__(self, model: str) -> None:
        super().__init__(f"{model} is not fitted yet. Call `{model}().fit(summary)` first.")
