"""The options' values, checked before any device is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.choose import make_backend
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.settings import OPTIONS, Option, Settings, resolve


def given(**values: str) -> Settings:
    assert set(values) <= {option.dest.removeprefix("kvmpmu_") for option in OPTIONS}

    def value(option: Option) -> str | None:
        return values.get(option.dest.removeprefix("kvmpmu_"))

    return resolve(value, Path("/base"))


def test_without_options_the_model_runs_the_newest_kernel_on_the_default_board() -> None:
    assert given() == Settings(base=Path("/base"))
    backend = make_backend(given())
    assert isinstance(backend, ModelBackend)
    assert backend.host.name == "rockpro64"


def test_an_empty_value_is_none() -> None:
    assert given(backend="", target="", kernel="", topology="", timeout="") == given()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            {"backend": "modle"},
            "unknown backend 'modle'. Did you mean 'model'? Known: model, real, replay",
        ),
        ({"target": "local"}, "--kvmpmu-target=local has no meaning with --kvmpmu-backend=model"),
        ({"backend": "replay"}, "--kvmpmu-backend=replay needs a recording"),
        (
            {"backend": "replay", "target": "x", "topology": "rockpro64"},
            "--kvmpmu-topology=rockpro64 has no meaning with --kvmpmu-backend=replay",
        ),
        ({"kernel": "banana"}, "unknown kernel revision 'banana'"),
        ({"kernel": "4.4"}, "kernel 4.4 is older than linux-5.10"),
        ({"topology": "rockpro65"}, "unknown topology 'rockpro65'. Did you mean 'rockpro64'"),
        ({"topology": "absent.toml"}, "topology file /base/absent.toml cannot be read"),
        ({"backend": "real", "topology": "absent.toml"}, "/base/absent.toml cannot be read"),
        *(
            ({"timeout": bad}, f"--kvmpmu-timeout={bad} is not a number of seconds")
            for bad in ("0", "-1", "soon", "3601", "inf", "nan", "1s")
        ),
    ],
)
def test_a_bad_value_is_told_with_the_good_ones(values: dict[str, str], says: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        given(**values)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_prefix_is_what_the_user_wrote() -> None:
    def value(option: Option) -> str | None:
        return {"timeout": "soon"}.get(option.name)

    with pytest.raises(UsageProblem, match=r"^--timeout=soon is not a number"):
        resolve(value, prefix="--")


@pytest.mark.parametrize(("text", "seconds"), [("1", 1.0), ("0.25", 0.25), ("3600", 3600.0)])
def test_a_timeout_is_in_seconds(text: str, seconds: float) -> None:
    assert given(timeout=text).seconds == seconds


def test_a_topology_file_starts_from_the_base(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("cpus = 3\n")

    def value(option: Option) -> str | None:
        return {"topology": "mine.toml"}.get(option.name)

    assert resolve(value, tmp_path).board.cpus == (0, 1, 2)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_options_are_spelt_with_dashes_and_ini_keys_with_underscores(option: Option) -> None:
    assert option.flag == "--kvmpmu-" + option.name
    assert option.dest == "kvmpmu_" + option.name.replace("-", "_")
    assert option.help


def test_a_topology_is_read_once_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text("cpus = 3\n")

    def value(option: Option) -> str | None:
        return {"topology": "mine.toml", "kernel": "6.12"}.get(option.name)

    settings = resolve(value, tmp_path)
    (tmp_path / "mine.toml").unlink()
    assert settings.board.cpus == (0, 1, 2)
    assert make_backend(settings).host.cpus == (0, 1, 2)
