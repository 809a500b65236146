"""数据库设置从网址里读出来。"""

from pathlib import Path

import pytest

from jiezhi.config.database import DRIVER, configure

HOME = Path("/srv/jiezhi")
OURS = {"options": "-c jit=off -c plan_cache_mode=force_custom_plan", **DRIVER}


@pytest.mark.parametrize("url", [None, ""])
def test_without_a_url_the_database_is_one_file(url: str | None) -> None:
    made = configure(HOME, url)
    assert made["ENGINE"].endswith("sqlite3")
    assert made["NAME"] == HOME / "jiezhi.sqlite3"
    assert made["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_a_url_names_everything() -> None:
    made = configure(HOME, "postgres://jiezhi:p%40ss@db.office:5433/street?sslmode=verify-full")
    assert made["ENGINE"].endswith("postgresql")
    assert (made["HOST"], made["PORT"], made["NAME"]) == ("db.office", "5433", "street")
    assert (made["USER"], made["PASSWORD"]) == ("jiezhi", "p@ss")
    assert made["OPTIONS"] == {"sslmode": "verify-full", **OURS}


def test_a_password_after_the_question_mark_is_not_an_option() -> None:
    made = configure(HOME, "postgres://jiezhi@db/street?password=p%40ss&sslmode=prefer")
    assert made["PASSWORD"] == "p@ss" and made["OPTIONS"] == {"sslmode": "prefer", **OURS}


def test_a_socket_directory_keeps_its_case() -> None:
    made = configure(HOME, "postgresql://jiezhi@/street?host=/run/PG")
    assert made["HOST"] == "" and made["OPTIONS"] == {"host": "/run/PG", **OURS}


def test_what_the_url_says_of_the_server_comes_last() -> None:
    made = configure(HOME, "postgres://jiezhi@db/street?options=-c%20jit%3Don")
    assert made["OPTIONS"]["options"] == f"{OURS['options']} -c jit=on"


@pytest.mark.parametrize("url", ["mysql://a@b/c", "postgres://a@b", "postgres://a@b/", "street.sqlite3"])
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="JIEZHI_DATABASE_URL"):
        configure(HOME, url)
