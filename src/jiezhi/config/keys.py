"""本机的钥匙文件：第一次用到时生成，只有本用户可读。"""

import os
import secrets
from pathlib import Path


def load_or_create(path: Path, size: int) -> bytes:
    """读出 `path` 里的 `size` 字节钥匙；没有就生成。两个进程同时生成时，后来者用先来者的。

    出错：文件长度不对 → ValueError（说明钥匙被改动过，不能静默重建）。
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as handle:
            handle.write(secrets.token_bytes(size))
            handle.flush()
            os.fsync(handle.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    value = path.read_bytes()
    if len(value) != size:
        raise ValueError(f"钥匙文件 {path.name} 长度应为 {size} 字节，实为 {len(value)} 字节，请从保管处恢复")
    return value
