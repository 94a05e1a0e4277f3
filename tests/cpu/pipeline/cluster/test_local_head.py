from pathlib import Path

from pipeline.cluster import local_head as ray_head
from pipeline.config import Settings
from pipeline.services.process import ProcessRecord, save_record


def test_without_a_record_nothing_runs_and_nothing_is_stopped(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    assert ray_head.find_head(settings) is None
    assert not ray_head.stop_head(settings)


def test_a_process_that_has_ended_is_not_found(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    (tmp_path / "ray").mkdir()
    save_record(ProcessRecord("ray", 2**22 + 1, "long ago", 1, ""), tmp_path / "ray" / "process.json")
    assert ray_head.find_head(settings) is None
    assert not ray_head.stop_head(settings)
    assert not (tmp_path / "ray" / "process.json").exists()


def test_sockets_in_a_deep_state_folder_go_to_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60)
    deep.mkdir()
    short = ray_head._temp_dir(deep)
    assert len(str(short)) <= ray_head._MAX_SOCKET_DIR_CHARS
    assert ray_head._temp_dir(deep) == short, "the same one the next time"
    short.rmdir()
    shallow = Path("/s")
    assert ray_head._temp_dir(shallow) == shallow / "tmp"


def test_clients_keep_to_loopback_and_show_the_token(tmp_path: Path) -> None:
    variables = ray_head.head_variables(Settings(state_dir=tmp_path))
    assert variables["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"
    assert variables["RAY_task_events_report_interval_ms"] == "0"
    assert variables["RAY_AUTH_TOKEN_PATH"] == str(tmp_path / "ray" / "auth_token")
