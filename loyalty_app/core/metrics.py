"""Numbers for Prometheus: what this process counted itself, and what is read from the database when it asks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

disable_created_metrics()
OWN = CollectorRegistry()
ProcessCollector(registry=OWN)
_requests = Counter("loyalty_http_requests", "Requests answered.", ("method", "route", "status"), registry=OWN)
_seconds = Histogram("loyalty_http_request_seconds", "How long answers took.", ("method", "route"), registry=OWN)
tabs = Gauge("loyalty_open_tabs", "Screens that are connected now.", registry=OWN)
Info("loyalty_build", "What is running.", registry=OWN).info({"version": version("loyalty-app")})


@dataclass(frozen=True)
class Reading:
    """One number of the whole program, or one for each value of a label."""

    name: str
    help: str
    values: Mapping[str, float] = field(default_factory=dict)
    label: str = ""


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer; nothing that a caller makes up becomes a label."""
    method = method if method in METHODS else "other"
    _requests.labels(method, route, status).inc()
    _seconds.labels(method, route).observe(seconds)


def text(readings: Iterable[Reading]) -> bytes:
    """Return everything as Prometheus reads it."""
    read = CollectorRegistry()
    read.register(_Read(list(readings)))
    return generate_latest(OWN) + generate_latest(read)


class _Read(Collector):
    """What was read from the database."""

    def __init__(self, readings: list[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for reading in self._readings:
            family = GaugeMetricFamily(reading.name, reading.help, labels=[reading.label] if reading.label else [])
            for value, number in reading.values.items():
                family.add_metric([value] if reading.label else [], number)
            yield family
