import pickle
from pathlib import Path

import pytest

from pipeline.config import KafkaSettings, Settings, load_settings
from pipeline.errors import ConfigError
from pipeline.settings.environment import environment_values, variable_of
from pipeline.settings.keys import known_keys


@pytest.fixture(autouse=True)
def _empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file of the user's and none in the working directory."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("FLOWNAR_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def environ(**variables: str) -> dict[str, str]:
    return {"FLOWNAR_STATE_DIR": "state", **variables}


def test_without_any_source_the_defaults_hold() -> None:
    resolved = load_settings(environ=environ())
    assert resolved.settings == Settings(state_dir=Path("state"))
    assert {key for key, origin in resolved.origins.items() if origin != "default"} == {"state_dir"}
    assert set(resolved.origins) == set(known_keys())


def test_the_first_source_wins_in_the_documented_order(tmp_path: Path) -> None:
    sources = [
        (None, "default"),
        ("state/addresses.toml", "addresses"),
        ("xdg/flownar/config.toml", "user"),
        ("flownar.toml", "here"),
    ]
    for file, prefix in sources:
        if file is not None:
            write(tmp_path / file, f'[kafka]\nprefix = "{prefix}"\n')
        resolved = load_settings(environ=environ())
        assert resolved.settings.kafka.prefix == ("flownar." if file is None else prefix)
        assert (file or "default") in resolved.origins["kafka.prefix"]
    chosen = write(tmp_path / "other.toml", '[kafka]\nprefix = "chosen"\n')
    assert load_settings(config_file=chosen, environ=environ()).settings.kafka.prefix == "chosen"
    assert load_settings(environ=environ(FLOWNAR_CONFIG=str(chosen))).settings.kafka.prefix == "chosen"
    variables = environ(FLOWNAR_KAFKA__PREFIX="variable")
    by_variable = load_settings(environ=variables)
    assert by_variable.settings.kafka.prefix == "variable"
    assert by_variable.origins["kafka.prefix"] == "FLOWNAR_KAFKA__PREFIX"
    by_flag = load_settings({"kafka.prefix": "flag"}, environ=variables)
    assert by_flag.settings.kafka.prefix == "flag"
    assert by_flag.origins["kafka.prefix"] == "flag"


def test_the_addresses_are_read_from_the_state_folder_that_was_set(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "addresses.toml", '[redis]\nurl = "redis://127.0.0.1:7777/0"\n')
    resolved = load_settings({"state_dir": str(tmp_path / "elsewhere")}, environ=environ())
    assert resolved.settings.redis.url == "redis://127.0.0.1:7777/0"


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ('[kafka]\nprefx = "a"\n', "kafka.prefix"),
        ("[live]\ncredit = 3\n", "live.credits"),
        ('[kafak]\nprefix = "a"\n', "kafka.prefix"),
        ('state = "x"\n', "state_dir"),
    ],
)
def test_an_unknown_key_in_a_file_names_the_nearest(tmp_path: Path, text: str, nearest: str) -> None:
    path = write(tmp_path / "flownar.toml", text)
    with pytest.raises(ConfigError, match="Unknown setting") as caught:
        load_settings(environ=environ())
    assert path.name in caught.value.message
    assert f"Did you mean {nearest}?" in caught.value.action
    assert caught.value.exit_code == 2


def test_an_unknown_variable_or_flag_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="FLOWNAR_KAFKA__BOOTSTRAP_SERVER") as caught:
        load_settings(environ=environ(FLOWNAR_KAFKA__BOOTSTRAP_SERVER="x:1"))
    assert "Did you mean FLOWNAR_KAFKA__BOOTSTRAP_SERVERS?" in caught.value.action
    with pytest.raises(ConfigError, match="from a flag") as caught:
        load_settings({"kafka.partition": "3"}, environ=environ())
    assert "kafka.partitions" in caught.value.action


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[kafka]\npartitions = "4"\n', ["kafka.partitions", "flownar.toml", "'4'", "valid integer"]),
        ("[kafka]\npartitions = 0\n", ["kafka.partitions", "is 0", "greater than or equal to 1"]),
        ("[kafka]\npartitions = true\n", ["kafka.partitions", "valid integer"]),
        ("[kafka]\nprefix = 3\n", ["kafka.prefix", "valid string"]),
        ("[kafka]\nprefix = 2026-01-01\n", ["kafka.prefix", "only text, numbers"]),
        ('[model]\ndtype = "int8"\n', ["model.dtype", "'float32'", "'int8'"]),
        ('[redis]\nurl = "localhost"\n', ["redis.url", "pattern"]),
        ("kafka = 3\n", ["kafka", "must be a table"]),
        ("[kafka\n", ["not valid TOML"]),
    ],
)
def test_a_wrong_value_tells_key_origin_and_what_was_expected(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    write(tmp_path / "flownar.toml", text)
    with pytest.raises(ConfigError) as caught:
        load_settings(environ=environ())
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_text_from_the_environment_is_parsed() -> None:
    variables = environ(FLOWNAR_KAFKA__PARTITIONS="8", FLOWNAR_REDIS__TIMEOUT_S="2.5")
    settings = load_settings(environ=variables).settings
    assert (settings.kafka.partitions, settings.redis.timeout_s) == (8, 2.5)
    with pytest.raises(ConfigError, match=r"FLOWNAR_KAFKA__PARTITIONS is 'four'"):
        load_settings(environ=environ(FLOWNAR_KAFKA__PARTITIONS="four"))


def test_paths_mean_the_same_in_every_process(tmp_path: Path) -> None:
    settings = load_settings({"model.path": "~/x", "services.kafka_libs": "libs"}, environ=environ()).settings
    assert settings.model.path == Path.home() / "x"
    assert settings.services.kafka_libs == tmp_path / "libs"
    assert settings.state_dir == tmp_path / "state"


def test_an_empty_variable_counts_as_not_set() -> None:
    resolved = load_settings(environ=environ(FLOWNAR_KAFKA__PREFIX=""))
    assert resolved.origins["kafka.prefix"] == "default"


def test_secrets_come_from_files_and_are_never_shown(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", "hunter2\n")
    variables = environ(
        FLOWNAR_KAFKA__SECURITY_PROTOCOL="SASL_SSL",
        FLOWNAR_KAFKA__SASL_MECHANISM="PLAIN",
        FLOWNAR_KAFKA__SASL_USERNAME="me",
        FLOWNAR_KAFKA__SASL_PASSWORD_FILE=str(secret),
    )
    settings = load_settings(environ=variables).settings
    assert settings.kafka.sasl_password is not None
    assert settings.kafka.sasl_password.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{settings!r} {settings}"
    with pytest.raises(ConfigError, match="Both"):
        load_settings(environ=variables | {"FLOWNAR_KAFKA__SASL_PASSWORD": "x"})
    with pytest.raises(ConfigError, match="can't be read"):
        load_settings(environ=variables | {"FLOWNAR_KAFKA__SASL_PASSWORD_FILE": "/none"})
    with pytest.raises(ConfigError, match="command line"):
        load_settings({"redis.password": "x"}, environ=environ())


def test_a_wrong_secret_is_not_shown(tmp_path: Path) -> None:
    write(tmp_path / "flownar.toml", "[redis]\npassword = 12345\n")
    with pytest.raises(ConfigError, match=r"redis\.password") as caught:
        load_settings(environ=environ())
    assert "12345" not in str(caught.value)


def test_settings_that_contradict_each_other_name_their_section_and_origin() -> None:
    with pytest.raises(ConfigError, match="SASL") as caught:
        load_settings(environ=environ(FLOWNAR_KAFKA__SECURITY_PROTOCOL="SASL_SSL"))
    assert "[kafka] from FLOWNAR_KAFKA__SECURITY_PROTOCOL" in caught.value.message
    with pytest.raises(ConfigError, match=r"theta_low \(0\.9\)"):
        load_settings({"narrator.theta": "0.5", "narrator.theta_low": "0.9"}, environ=environ())


def test_variables_of_ray_and_kafka_count_less_than_ours() -> None:
    borrowed = {"RAY_ADDRESS": "1.2.3.4:6379", "KAFKA_LIBS": "/opt/kafka"}
    resolved = load_settings(environ=environ(**borrowed))
    assert resolved.settings.ray.address == "1.2.3.4:6379"
    assert resolved.origins["services.kafka_libs"] == "KAFKA_LIBS"
    ours = load_settings(environ=environ(**borrowed, FLOWNAR_RAY__ADDRESS="auto"))
    assert ours.settings.ray.address == "auto"


def test_a_file_that_is_named_must_exist() -> None:
    with pytest.raises(ConfigError, match=r"none\.toml can't be read"):
        load_settings(config_file=Path("none.toml"), environ=environ())


def test_every_key_has_a_variable_and_a_description() -> None:
    assert variable_of("kafka.sasl_password") == "FLOWNAR_KAFKA__SASL_PASSWORD"
    assert all(field.description for field in known_keys().values())
    assert environment_values({}) == {}


def test_settings_travel_between_processes_and_do_not_change() -> None:
    settings = Settings(kafka=KafkaSettings(partitions=2))
    assert pickle.loads(pickle.dumps(settings)) == settings
    with pytest.raises(ValueError, match="frozen"):
        settings.kafka.partitions = 3
