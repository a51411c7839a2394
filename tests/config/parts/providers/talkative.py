"""A provider whose own words repeat a secret."""

from pydantic import SecretStr, model_validator

from faxdaemon.options import Account


class Options(Account):
    """A service that exists in tests only."""

    password: SecretStr
    """The login's password."""

    @model_validator(mode="after")
    def _check(self) -> "Options":
        raise ValueError(f"the password {self.password.get_secret_value()} is weak; choose another")
