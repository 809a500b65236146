"""磁盘满、时钟往回拨、worker 停了一天、两个 worker、两百人抢办一件：什么也不丢、不重，说得清楚。"""

from __future__ import annotations

from pathlib import Path

import pytest

from jiezhi.config.testing import Elsewhere

pytestmark = pytest.mark.fault

OPEN = """
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions
who = Officer.objects.get(login="fenbo")
"""


@pytest.fixture
def home(tmp_path: Path) -> Elsewhere:
    found = Elsewhere(tmp_path, Path(__file__).parent)
    found.run("street.py", "setup")
    return found


def open_one(home: Elsewhere) -> str:
    """开一件，返回全局标识。业务模板另有一个不改环节、可与别人同时办的“附言”。"""
    code = OPEN + (
        "from django.utils import timezone\n"
        "from jiezhi.base.casework import matters\n"
        "from jiezhi.base.casework.testing import MATTER, definition\n"
        "note = {'title': '附言', 'from': 'any', 'by': 'post.dispatcher', 'collect': ['remark'], 'commutes': True}\n"
        "fields = {**MATTER['fields'], 'remark': {'title': '附言', 'type': 'text'}}\n"
        "matters.publish(definition(actions={**MATTER['actions'], 'note': note}, fields=fields), now=timezone.now())\n"
        "print(actions.open_case('test.report', acting_officer=who, inputs={'subject': '路灯'}).uid)\n"
    )
    return home.python(code).strip()


def test_two_hundred_dispatch_the_same_case(home: Elsewhere) -> None:
    """两个进程各四个线程，两百次派同一件：只有一次办成，其余都说明有人先办了。"""
    case = open_one(home)
    said = home.together([home.start("storm.py", case, "dispatch", "100", "1") for _ in range(2)])
    lines = [line for one in said for line in one]
    assert len(lines) == 200
    assert [line for line in lines if line.startswith("won")] == ["won 2"]
    assert {line for line in lines if line.startswith("lost")} <= {"lost version", "lost state"}
    assert home.look("SELECT count(*) FROM casework_event") == [(2,)]
    home.verify()


def test_two_hundred_remarks_on_the_same_case(home: Elsewhere) -> None:
    """互不影响的办理同时来两百次：全部办成，序号接着排，一条不少。"""
    case = open_one(home)
    said = home.together([home.start("storm.py", case, "note", "100", "0") for _ in range(2)])
    seqs = sorted(int(line.split()[1]) for one in said for line in one)
    assert seqs == list(range(2, 202))
    home.verify()


def test_two_hundred_opened_at_once(home: Elsewhere) -> None:
    """两个进程各四个线程同时登记两百件：都登记上，件号接着排，不跳不重。"""
    open_one(home)
    said = home.together([home.start("storm.py", "new", "open", "100", "0") for _ in range(2)])
    numbers = sorted(int(line.split()[1][-6:]) for one in said for line in one)
    assert numbers == list(range(2, 202))
    home.verify()


def test_two_workers_at_once(home: Elsewhere) -> None:
    """两个 worker 同时做后续发送：每条只做一遍，通知不重不漏。"""
    code = OPEN + (
        "from datetime import timedelta\nfrom jiezhi.base.casework.testing import START\n"
        "for i in range(60):\n"
        "    uid = actions.open_case('test.report', acting_officer=who, inputs={'subject': str(i)}, now=START).uid\n"
        "    actions.act(uid, 'dispatch', acting_officer=who, inputs={'to_unit': 'law'}, now=START)\n"
    )
    home.python(code)
    home.together([home.start("street.py", "outbox", "0") for _ in range(2)])
    assert home.look("SELECT count(*) FROM casework_delivery WHERE done_at IS NULL") == [(0,)]
    assert home.look("SELECT count(*) FROM casework_notice") == [(60,)]
    assert not home.look(
        "SELECT delivery_id FROM casework_notice GROUP BY delivery_id, officer_id HAVING count(*) > 1"
    )


def test_worker_stopped_for_a_day(home: Elsewhere) -> None:
    """worker 停了一天：其间到期的时限开工后一次补办，按到期的时刻记，不漏不重。"""
    code = OPEN + (
        "from datetime import timedelta\n"
        "from jiezhi.base.casework import matters, outbox\n"
        "from jiezhi.base.casework.testing import MATTER, START, definition\n"
        "late = {'title': '自动办结', 'means': 'close', 'from': ['handling', 'new'], 'to': 'closed', 'by': 'system',\n"
        "        'on': 'clock.handle.expires'}\n"
        "acts = {**MATTER['actions'], 'late': late}\n"
        "matters.publish(definition(actions=acts), now=START)\n"
        "for i in range(20):\n"
        "    uid = actions.open_case('test.report', acting_officer=who, inputs={'subject': str(i)}, now=START).uid\n"
        "    assert actions.act(uid, 'dispatch', acting_officer=who, inputs={'to_unit': 'law'}, now=START).ok\n"
        "outbox.drain(START)\n"
        "restart = START + timedelta(days=9)\n"
        "for _ in range(5):\n"
        "    outbox.fire_clocks(restart); outbox.drain(restart)\n"
    )
    home.python(code)
    rows = home.look("SELECT count(*), count(DISTINCT case_id) FROM casework_event WHERE action = 'late'")
    assert rows == [(20, 20)]
    assert home.look("SELECT count(*) FROM casework_event WHERE action = 'late' AND at < recorded_at") == [
        (20,)
    ]
    assert home.look("SELECT count(*) FROM casework_case WHERE state = 'closed'") == [(20,)]
    home.verify()


def test_clock_set_back(home: Elsewhere) -> None:
    """服务器时钟往回拨：办过的件先不让办，说清要校时钟；拨回来照常；记录的次序不乱。"""
    case = open_one(home)
    code = OPEN + (
        "import sys\nfrom datetime import timedelta\nfrom unittest import mock\nfrom django.utils import timezone\n"
        "real = timezone.now()\n"
        "with mock.patch('django.utils.timezone.now', lambda: real - timedelta(days=2)):\n"
        "    refused = actions.act(sys.argv[1], 'dispatch', acting_officer=who, inputs={'to_unit': 'law'})\n"
        "    print(refused)\n"
        "    other = actions.open_case('test.report', acting_officer=who, inputs={'subject': '拨回时来的'})\n"
        "    print(other.ok)\n"
        "print(actions.act(sys.argv[1], 'dispatch', acting_officer=who, inputs={'to_unit': 'law'}).ok)\n"
        "print(actions.act(other.uid, 'dispatch', acting_officer=who, inputs={'to_unit': 'law'}).ok)\n"
    )
    said = home.python(code, case).splitlines()
    assert "服务器" in said[0] and "时钟" in said[0]
    assert said[-3:] == ["True", "True", "True"]
    home.verify()


def test_disk_full_while_acting(home: Elsewhere) -> None:
    """写到一半磁盘满了：报过办成的都在，没有半件；腾出地方照常办。"""
    if not home.is_sqlite:
        pytest.skip("PostgreSQL 的磁盘在数据库那边，不由本程序写")
    code = OPEN + (
        "import os, resource, signal\nfrom django.conf import settings\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "base = settings.DATABASES['default']['NAME']\n"
        "actions.open_case('test.report', acting_officer=who, inputs={'subject': '先来的'})\n"
        "size = max(os.path.getsize(base), os.path.getsize(str(base) + '-wal'))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1_500_000, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    for i in range(100_000):\n"
        "        result = actions.open_case('test.report', acting_officer=who, inputs={'subject': '字' * 190}, key=f'k{i}')\n"
        "        print('opened', i, flush=True)\n"
        "except Exception as error:\n"
        "    print('stopped', type(error).__name__, flush=True)\n"
    )
    lines = home.python(code).splitlines()
    assert lines[-1].startswith("stopped OperationalError"), lines[-1:]
    told = {f"k{line.split()[1]}" for line in lines if line.startswith("opened")}
    assert len(told) > 10
    kept = {key for (key,) in home.look("SELECT key FROM casework_event WHERE key IS NOT NULL")}
    assert told <= kept and len(kept - told) <= 1
    home.verify()
    again = "print(actions.open_case('test.report', acting_officer=who, inputs={'subject': '后来的'}).ok)"
    assert home.python(OPEN + again).strip() == "True"


def test_disk_full_while_uploading(home: Elsewhere) -> None:
    """收材料时磁盘满了：说没有收下，不留半份；腾出地方同一份照常收下。"""
    code = (
        "import io, os, resource, signal\nfrom django.utils import timezone\nfrom PIL import Image\n"
        "from jiezhi.base.casework import files\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "stream = io.BytesIO()\n"
        "Image.effect_noise((900, 900), 80).convert('RGB').save(stream, 'JPEG', quality=95)\n"
        "assert len(stream.getvalue()) > 300_000\n"
        "def put():\n"
        "    return files.store(io.BytesIO(stream.getvalue()), '照片.jpg', kind='photo', acting_officer=None, now=timezone.now())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))\n"
        "try:\n    put()\n    print('收下了')\nexcept OSError as error:\n    print('没有收下')\n"
        "print(sum(1 for path in files.workplace().rglob('*')))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "print(put().size == len(stream.getvalue()))\n"
    )
    assert home.python(code).split() == ["没有收下", "0", "True"]
