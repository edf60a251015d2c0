"""Settings from the environment, read once."""

from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator can set, each as `LOYALTY_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="LOYALTY_", env_ignore_empty=True)

    database_url: str = Field(default="", description="SQLAlchemy address; empty means SQLite in the data folder.")
    public_url: str = Field(
        default="",
        description="The address people type; links and QR codes start with it. Empty means localhost and the port.",
    )
    port: int = Field(
        default=8000, description="The one port that pages, websocket and forms are served on.", ge=1, le=65535
    )
    host: str = Field(default="0.0.0.0", description="The network address to listen on.")  # noqa: S104 - a tablet must reach the shop's machine
    data_dir: Path = Field(default=Path("data"), description="Where the SQLite file and the queue live.")
    admin_email: str = Field(
        default="", description="With the password: makes the first admin when there is no account."
    )
    admin_password: SecretStr = Field(default=SecretStr(""), description="See the e-mail setting.")
    secret_keys: SecretStr = Field(
        default=SecretStr(""),
        description="What seals codes, as number:secret, comma-separated; empty: a file in the data folder.",
    )
    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        description="smtp:// or smtps://user:password@host:port; empty writes mail to outbox/ in the data folder.",
    )
    mail_from: str = Field(default="", description="The sender of mail; empty means loyalty@ and the public host.")
    log_level: str = Field(
        default="WARNING",
        description="What is logged, each line as JSON: WARNING and worse, or INFO for every request.",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
    )
    workers: int = Field(default=1, description="Web processes; more than one needs PostgreSQL.", ge=1)
    job_worker: bool = Field(default=True, description="Whether `loyalty serve` also starts the background worker.")
    trusted_proxies: str = Field(
        default="", description="Comma-separated addresses whose X-Forwarded-For and -Proto count."
    )

    @property
    def database(self) -> str:
        """Return the address of the database in use."""
        return self.database_url or f"sqlite:///{self.data_dir / 'loyalty.db'}"

    @property
    def origin(self) -> str:
        """Return the public address without a trailing slash, as browsers send it in `Origin`."""
        return self.public_url.rstrip("/") or f"http://localhost:{self.port}"


@lru_cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings()
