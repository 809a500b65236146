"""本机的钥匙文件：第一次用到时生成，只有本用户可读。"""

import os
import secrets
from pathlib import Path

from jiezhi.core.durable import creating, flush

#: 恢复出来的数据还没有放回钥匙时，钥匙目录和数据里有这个文件。
AWAITING = "等着放回钥匙.txt"


class KeysAwaited(ValueError):
    """恢复出来的数据，钥匙还没有放回：这时新造一把，旧内容就再也读不出。"""


def home() -> Path:
    """数据放在哪里：JIEZHI_HOME；没有写的，从源码目录运行就在源码旁边，装好的（无网安装包）在用户目录。"""
    source = Path(__file__).resolve().parents[3]
    beside = source if (source / "pyproject.toml").is_file() else Path.home() / ".local/share/jiezhi"
    return Path(os.environ.get("JIEZHI_HOME", beside / "var"))


def folder(data: Path | None = None) -> Path:
    """钥匙目录：JIEZHI_KEYS；没有写就是 JIEZHI_HOME（`data` 给了就是它）下的 keys/。"""
    return Path(os.environ.get("JIEZHI_KEYS", (data or home()) / "keys"))


def markers(keys: Path, data: Path) -> tuple[Path, ...]:
    """“等着放回钥匙”的记号：钥匙目录 `keys` 里的，和数据 `data` 里的（钥匙目录恢复之后才改到另处的，看它）。"""
    return tuple({keys / AWAITING: None, data / "keys" / AWAITING: None})


def load_or_create(path: Path, size: int) -> bytes:
    """读出 `path` 里的 `size` 字节钥匙；没有就生成。两个进程同时生成时，后来者用先来者的。

    出错：文件长度不对 → ValueError（说明钥匙被改动过，不能静默重建）；恢复之后还没有放回 → KeysAwaited。
    """
    if not path.exists():
        if any(one.exists() for one in markers(path.parent, home())):
            raise KeysAwaited(
                "这是从备份恢复的数据，原来的钥匙还没有放回。请先运行：jiezhi keys import 钥匙包文件"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with creating(fresh) as out:
            out.write(secrets.token_bytes(size))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        flush(path.parent)
    value = path.read_bytes()
    if len(value) != size:
        raise ValueError(f"钥匙文件 {path.name} 长度应为 {size} 字节，实为 {len(value)} 字节，请从保管处恢复")
    return value
