"""What an operator sets is taken exactly, or refused with the key and where it came from."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from e2etherapy.errors import InvalidConfiguration
from e2etherapy.relay.configuration import Value, resolve, settings_from
from e2etherapy.relay.limits import STANDARD, STOP_SECONDS, Limits
from e2etherapy.relay.options import BY_NAME, LIMITS, OPTIONS, Kind, table
from e2etherapy.relay.settings import Settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "operator.md"
ENOUGH: dict[str, Value | None] = {"listen": "127.0.0.1:0", "database": "relay.db"}


def written(folder: Path, text: str) -> Path:
    file = folder / "relay.toml"
    file.write_text(text)
    return file


def refusal(
    file: Path | None = None,
    environment: dict[str, str] | None = None,
    flags: dict[str, Value | None] | None = None,
) -> str:
    with pytest.raises(InvalidConfiguration) as caught:
        settings_from(resolve(file, environment or {}, ENOUGH | (flags or {})))
    return str(caught.value)


def test_the_document_has_the_table_of_the_code() -> None:
    assert table() in DOCUMENT.read_text()


def test_without_anything_set_a_relay_has_the_defaults_of_the_code() -> None:
    assert settings_from(resolve(None, {}, ENOUGH)) == Settings(
        settings_from(resolve(None, {}, ENOUGH)).listen,
        Path("relay.db"),
        limits=STANDARD,
        stop_seconds=STOP_SECONDS,
    )


def test_every_limit_can_be_set_and_has_a_floor_and_a_ceiling() -> None:
    assert {option.name for option in LIMITS} == {field.name for field in fields(Limits)}
    for option in OPTIONS:
        if option.kind in {Kind.NUMBER, Kind.DECIMAL}:
            assert option.least is not None
            assert option.greatest is not None
            assert isinstance(option.default, int if option.kind is Kind.NUMBER else float)
            assert option.least <= option.default <= option.greatest


@pytest.mark.parametrize("text", ["61", "61.0", "6.1e1"])
def test_a_number_may_be_written_with_or_without_a_fraction(tmp_path: Path, text: str) -> None:
    found = resolve(written(tmp_path, f"idle_seconds = {text}"), {}, ENOUGH)["idle_seconds"].value
    assert (found, type(found)) == (61.0, float)


@pytest.mark.parametrize("text", ["61", "61.0"])
def test_a_variable_may_be_a_number_too(text: str) -> None:
    variable = {"E2ETHERAPY_RELAY_IDLE_SECONDS": text}
    assert settings_from(resolve(None, variable, ENOUGH)).limits.idle_seconds == 61.0


def test_a_flag_is_stronger_than_a_variable_and_a_variable_than_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "waits = 1000\nconnections = 1001\nstop_seconds = 30")
    environment = {"E2ETHERAPY_RELAY_WAITS": "2000", "E2ETHERAPY_RELAY_CONNECTIONS": "2001"}
    found = resolve(file, environment | {"PATH": "/bin"}, ENOUGH | {"waits": 3000, "listen": None})
    assert (found["waits"].value, found["waits"].origin) == (3000, "--waits")
    assert found["connections"].value == 2001
    assert found["connections"].origin == "the variable E2ETHERAPY_RELAY_CONNECTIONS"
    assert (found["stop_seconds"].value, found["stop_seconds"].origin) == (30, str(file))
    assert found["metrics_seconds"].origin == "the default"
    assert "listen" not in found


def test_a_switch_of_the_file_can_be_taken_back_by_a_flag(tmp_path: Path) -> None:
    file = written(tmp_path, "behind_proxy = true")
    assert settings_from(resolve(file, {}, ENOUGH)).behind_proxy
    assert not settings_from(resolve(file, {}, ENOUGH | {"behind_proxy": False})).behind_proxy
    variable = {"E2ETHERAPY_RELAY_BEHIND_PROXY": "false"}
    assert not settings_from(resolve(file, variable, ENOUGH)).behind_proxy


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("listn = 'x:1'", ["'listn'", "Did you mean listen?"]),
        ("[limits]\nwaits = 5", ["'limits'", "no setting"]),
        ("waits = '5'", ["waits", "whole number"]),
        ("waits = 5.0", ["waits", "whole number"]),
        ("waits = true", ["waits", "whole number"]),
        ("waits = 0", ["waits", "from 1 to 1000000"]),
        ("idle_seconds = '61'", ["idle_seconds", "a number"]),
        ("idle_seconds = true", ["idle_seconds", "a number"]),
        ("idle_seconds = nan", ["idle_seconds", "from 60.0 to 3600.0"]),
        ("idle_seconds = inf", ["idle_seconds", "from 60.0 to 3600.0"]),
        (f"idle_seconds = 1{400 * '0'}", ["idle_seconds", "from 60.0 to 3600.0"]),
        ("connections = 99999999999999999999", ["connections", "from 16 to 1000000"]),
        ("behind_proxy = 1", ["behind_proxy", "true or false"]),
        ("behind_proxy = 'yes'", ["behind_proxy", "true or false"]),
        ("database = ''", ["database", "empty"]),
        ("metrics_listen = 8700", ["metrics_listen", "an address"]),
        ("listen = =", ["not TOML", "line 1"]),
        ("\xff", ["not TOML"]),
    ],
)
def test_what_a_file_has_wrong_is_named_with_the_file(
    tmp_path: Path, line: str, words: list[str]
) -> None:
    file = tmp_path / "relay.toml"
    file.write_bytes(line.encode("latin-1"))
    told = refusal(file)
    assert all(word in told for word in [*words, str(file)])


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("E2ETHERAPY_RELAY_WAITS", "many", "whole number"),
        ("E2ETHERAPY_RELAY_WAITS", "-1", "whole number"),
        ("E2ETHERAPY_RELAY_WAITS", "²", "whole number"),
        ("E2ETHERAPY_RELAY_WAITS", "9" * 5_000, "from 1 to 1000000"),
        ("E2ETHERAPY_RELAY_IDLE_SECONDS", "nan", "a number"),
        ("E2ETHERAPY_RELAY_IDLE_SECONDS", "6e1", "a number"),
        ("E2ETHERAPY_RELAY_BEHIND_PROXY", "1", "true or false"),
        ("E2ETHERAPY_RELAY_TLS_KEY", "", "empty"),
        ("E2ETHERAPY_RELAY_WAIT", "5", "Did you mean waits?"),
    ],
)
def test_what_a_variable_has_wrong_is_named_with_the_variable(
    variable: str, text: str, words: str
) -> None:
    told = refusal(environment={variable: text})
    assert variable in told
    assert words in told


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"tls_key": "key.pem"}, "tls_key, set by --tls-key, needs tls_certificate"),
        ({"tls_certificate": "c.pem"}, "tls_certificate, set by --tls-certificate, needs tls_key"),
        ({"waited_mailboxes": 128}, "waits, set by the default, is above waited_mailboxes"),
        ({"metrics_listen": "127.0.0.1:0"}, "the address of the relay itself"),
        ({"metrics_listen": "0.0.0.0:9100"}, "this machine only"),
        ({"metrics_listen": "nonsense"}, "metrics_listen, set by --metrics-listen"),
        ({"listen": "nonsense"}, "listen, set by --listen"),
        ({"listen": None}, "listen is not set: give --listen, E2ETHERAPY_RELAY_LISTEN"),
        ({"database": None}, "database is not set"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    flags: dict[str, Value | None], words: str
) -> None:
    assert words in refusal(flags=flags)


def test_a_refusal_repeats_no_value() -> None:
    assert "hunter2" not in refusal(environment={"E2ETHERAPY_RELAY_WAITS": "hunter2"})


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "absent.toml")
    assert "cannot be read" in refusal(tmp_path)
    (tmp_path / "long.toml").write_text("#" * 100_000)
    assert "too long" in refusal(tmp_path / "long.toml")


def test_names_of_flags_and_variables_follow_from_the_key() -> None:
    assert BY_NAME["tls_key"].flag == "--tls-key"
    assert BY_NAME["tls_key"].variable == "E2ETHERAPY_RELAY_TLS_KEY"
    assert len(BY_NAME) == len(OPTIONS)


SECRET = "4f6b-the-key"
FOLDER = "robins-folder"


@pytest.mark.parametrize(
    "text",
    [
        f"'{SECRET}' = 1",
        f"waits = '{SECRET}'",
        f"waits = {SECRET}",
        f"listen = '{SECRET}'",
        f"metrics_listen = '{SECRET}.example:1'",
        f"metrics_listen = '127.0.0.1:1'\nlisten = '127.0.0.1:1'\ndatabase = '{SECRET}'",
        f"database = 'postgresql://relay:{SECRET}@db/relay'",
        f"database = 'postgresql://[{SECRET}/relay'",
        f"tls_key = '{SECRET}'",
        f"tls_certificate = '{SECRET}'",
        "waits = 0",
        "waits = 200000",
        f"# {'x' * 65_536} {SECRET}",
        "\xff",
        None,
    ],
)
def test_the_reason_for_the_log_names_no_file_and_repeats_nothing(
    tmp_path: Path, text: str | None
) -> None:
    (tmp_path / FOLDER).mkdir()
    file = tmp_path / FOLDER / "relay.toml"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    flags = {name: value for name, value in ENOUGH.items() if name not in (text or "")}
    with pytest.raises(InvalidConfiguration) as caught:
        settings_from(resolve(file, {}, flags))
    reason = caught.value.reason
    assert reason.endswith(".")
    assert not [word for word in (SECRET, FOLDER, "relay.toml", str(tmp_path)) if word in reason]
