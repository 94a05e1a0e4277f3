import pytest

from pipeline.errors import ConfigError
from pipeline.redis_io.address import RedisAddress, RedisKind, parse_redis_url

SERVER, SENTINEL, CLUSTER = RedisKind.SERVER, RedisKind.SENTINEL, RedisKind.CLUSTER


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://h:1/2", RedisAddress(SERVER, (("h", 1),), db=2)),
        ("redis://h", RedisAddress(SERVER, (("h", 6379),))),
        ("redis://me:a%40b@h:1", RedisAddress(SERVER, (("h", 1),), user="me:a%40b")),
        (
            "rediss://h:1/0?ssl_ca_certs=ca.pem",
            RedisAddress(SERVER, (("h", 1),), tls=True, db=0, query="ssl_ca_certs=ca.pem"),
        ),
        ("redis://[::1]:7/0", RedisAddress(SERVER, (("::1", 7),), db=0)),
        ("unix:///run/redis.sock?db=3", RedisAddress(SERVER, (), path="/run/redis.sock", query="db=3")),
        (
            "redis+sentinel://a:1,b/main/4",
            RedisAddress(SENTINEL, (("a", 1), ("b", 26379)), service="main", db=4),
        ),
        (
            "rediss+sentinel://:pw@a:1/main",
            RedisAddress(SENTINEL, (("a", 1),), tls=True, service="main", user=":pw"),
        ),
        ("redis+cluster://a:1,b:2", RedisAddress(CLUSTER, (("a", 1), ("b", 2)))),
        ("rediss+cluster://a/0", RedisAddress(CLUSTER, (("a", 6379),), tls=True)),
    ],
)
def test_every_form_is_read(url: str, address: RedisAddress) -> None:
    assert parse_redis_url(url) == address


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://h:1", "http"),
        ("localhost", "no scheme"),
        ("redis+foo://h:1", "redis+foo"),
        ("redis://", "no host"),
        ("redis://a:1,b:2/0", "several servers"),
        ("redis://h:port/0", "h:port"),
        ("redis://h:1/main", "/main"),
        ("redis+sentinel://a:1", "no service"),
        ("redis+sentinel://a:1/main/x", "database"),
        ("redis+cluster://a:1/3", "database 3"),
        ("unix://", "no path"),
        ("redis://h:1/0?socket_timeout=100", "socket_timeout"),
    ],
)
def test_a_wrong_url_is_told_with_what_is_right(url: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_redis_url(url)
    assert told in caught.value.message
    assert "redis+sentinel://HOST:PORT" in caught.value.action


def test_nothing_secret_is_shown() -> None:
    for url in (
        "redis://me:secret@h:1/0",
        "redis+sentinel://me:secret@h:1/main",
        "unix:///s?password=secret",
    ):
        assert "secret" not in parse_redis_url(url).shown
    with pytest.raises(ConfigError) as caught:
        parse_redis_url("redis://me:secret@h:1/main")
    assert "secret" not in str(caught.value)


def test_a_node_is_reached_with_all_that_the_url_says() -> None:
    address = parse_redis_url("rediss+sentinel://me:pw@a:1,b:2/main/4?ssl_ca_certs=ca.pem")
    assert address.node_url("::1", 7) == "rediss://me:pw@[::1]:7/4?ssl_ca_certs=ca.pem"
