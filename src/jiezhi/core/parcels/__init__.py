"""节点之间交换的签名包：写法、验签、序号窗口。纯逻辑，不碰数据库。

一个包是一个 zip：manifest.json（清单：从、到、第几轮第几号、上一包的摘要、时刻、各条内容、已收到对方到几号）、
signature.json（对清单的签名）、files/<摘要>（材料）。zip 的写法只有一种（不压缩、固定的头），所以改了哪一个字节
都认得出；清单是规范字节，材料逐份核对摘要。

能保证：收到的就是那个节点签过的那一包，一个字节不差；缺号、重号、乱序、换过内容都认得出。
不能保证：签的人没有说假话；钥匙被人拿走之后签的，在换钥匙之前认不出。
"""

from jiezhi.core.parcels.format import FIRST, Entry, FileRef, Parcel, Signed
from jiezhi.core.parcels.notes import Note, NoteKind
from jiezhi.core.parcels.reading import HEAD, Opened, Refused, Why, check_signer, open_parcel, verify
from jiezhi.core.parcels.window import Verdict, Window, judge
from jiezhi.core.parcels.writing import write_parcel

__all__ = [
    "FIRST",
    "HEAD",
    "Entry",
    "FileRef",
    "Note",
    "NoteKind",
    "Opened",
    "Parcel",
    "Refused",
    "Signed",
    "Verdict",
    "Why",
    "Window",
    "check_signer",
    "judge",
    "open_parcel",
    "verify",
    "write_parcel",
]
