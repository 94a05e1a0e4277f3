"""What a Redis URL says: one server, a service behind Sentinels, or a cluster.

| URL | what it names |
|---|---|
| `redis://[user:password@]host:port/db` | one server |
| `unix:///path/to/socket?db=0` | one server of this machine |
| `redis+sentinel://[user:password@]host:port,host:port/service/db` | the master that the Sentinels name |
| `redis+cluster://[user:password@]host:port,host:port` | a cluster; some of its nodes are enough |

With `rediss` instead of `redis` the connections are encrypted. Options follow behind a question mark, as
redis-py knows them: `?ssl_ca_certs=ca.pem`, `?username=me`; deadlines and retries are not among them.
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pipeline.errors import ConfigError

DEFAULT_PORT = 6379
SENTINEL_PORT = 26379

FORMS = "redis://HOST:PORT/DB, unix:///PATH, redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB or "
FORMS += "redis+cluster://HOST:PORT,HOST:PORT (rediss for TLS)"


OPTIONS = frozenset({"db", "username", "password", "protocol", "client_name", "health_check_interval"})
"""Besides those that begin with `ssl_`."""


class RedisKind(StrEnum):
    """What stands behind a URL."""

    SERVER = "server"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """What a URL says.

    Attributes:
        kind: What stands behind it.
        nodes: Host and port of the server, of the Sentinels, or of some nodes of the cluster; empty for a
            socket.
        path: The socket's path; "" for all others.
        tls: Connections are encrypted.
        service: Name of the master; "" unless there are Sentinels.
        db: Number of the database; None if the URL does not say.
        user: `user:password`, percent-encoded as in the URL; "" if there is none.
        query: Options, as they stand behind the question mark.
    """

    kind: RedisKind
    nodes: tuple[tuple[str, int], ...]
    path: str = ""
    tls: bool = False
    service: str = ""
    db: int | None = None
    user: str = ""
    query: str = ""

    @property
    def shown(self) -> str:
        """Where it is, for messages: nothing secret in it."""
        if self.path:
            return f"unix://{self.path}"
        nodes = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.nodes)
        return f"{nodes} (service {self.service})" if self.service else nodes

    def node_url(self, host: str, port: int) -> str:
        """URL of one server, with everything else that the address says."""
        host = f"[{host}]" if ":" in host else host
        user = f"{self.user}@" if self.user else ""
        db = "" if self.db is None else f"/{self.db}"
        query = f"?{self.query}" if self.query else ""
        return f"redis{'s' * self.tls}://{user}{host}:{port}{db}{query}"


def parse_redis_url(url: str) -> RedisAddress:
    """Read a URL.

    Raises:
        ConfigError: It is none of the forms; the message has nothing secret in it.
    """
    parts = urlsplit(url)
    for option in parse_qs(parts.query, keep_blank_values=True):
        if option not in OPTIONS and not option.startswith("ssl_"):
            raise _wrong(f"has the option {option}; there are ssl_… and {', '.join(sorted(OPTIONS))}")
    scheme, _, kind_name = parts.scheme.partition("+")
    if parts.scheme == "unix":
        if not parts.path:
            raise _wrong("names no path")
        return RedisAddress(RedisKind.SERVER, (), path=unquote(parts.path), query=parts.query)
    if scheme not in ("redis", "rediss") or kind_name not in ("", "sentinel", "cluster"):
        raise _wrong(f"begins with {parts.scheme or 'no scheme'}")
    kind = RedisKind(kind_name or "server")
    user, _, hosts = parts.netloc.rpartition("@")
    nodes = _nodes(hosts, SENTINEL_PORT if kind is RedisKind.SENTINEL else DEFAULT_PORT)
    if kind is RedisKind.SERVER and len(nodes) != 1:
        raise _wrong("names several servers; write redis+sentinel:// or redis+cluster://")
    service, db = _service_and_db(kind, parts)
    return RedisAddress(kind, nodes, "", scheme == "rediss", service, db, user, parts.query)


def _nodes(hosts: str, default_port: int) -> tuple[tuple[str, int], ...]:
    nodes = []
    for text in hosts.split(","):
        try:
            node = urlsplit(f"//{text.strip()}")
            host, port = node.hostname, node.port
        except ValueError as error:
            raise _wrong(f"has the address {text!r}: {error}") from error
        if not host:
            raise _wrong("names no host")
        nodes.append((host, port or default_port))
    return tuple(nodes)


def _service_and_db(kind: RedisKind, parts: SplitResult) -> tuple[str, int | None]:
    names = [unquote(name) for name in parts.path.split("/") if name]
    service = ""
    if kind is RedisKind.SENTINEL:
        if not names:
            raise _wrong("names no service: which master do the Sentinels watch?")
        service = names.pop(0)
    if len(names) > 1 or not all(name.isdecimal() for name in names):
        raise _wrong(f"has the path {parts.path!r}, in which a database's number was expected")
    db = int(names[0]) if names else None
    if kind is RedisKind.CLUSTER and db:
        raise _wrong(f"names database {db}, and a cluster has only 0")
    return service, None if kind is RedisKind.CLUSTER else db


def _wrong(what: str) -> ConfigError:
    return ConfigError(f"The Redis URL {what}.", action=f"Write {FORMS}.")
