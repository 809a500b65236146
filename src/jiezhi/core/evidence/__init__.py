"""存证：办理记录链、存证点、案卷包和离线核验。

能证明什么
  · 一件的办理记录前后相接：改一字、抽一条、插一条、换次序，核验时都会指出是第几号。
  · 填报内容和附件与办理记录一致；依法清除的内容只剩摘要，核验时写明“已依法清除”和清除它的是第几号记录。
  · 存证点签名并送到机构以外之后，它之前的任何改动都与存证点对不上。
  · 案卷包自签名以来一个字节都没有变过；公钥指纹经另外的途径核对一致的，确是该单位所签。

不能证明什么
  · 内部人员掌握数据库和签名密钥，把最后一个已送出机构的存证点之后的记录从头重写一遍，查不出来。
    所以存证点要勤做，做了就送出去（打印存档、报送上级、公证）。没有送出去的存证点，等于没有。
  · 末尾的记录被截去，单看链查不出来；要对照存证点、案卷包清单或库中该件的末号。
  · 记录所说的事情是否真实。只能证明当时是这样记的。
  · 时间是本机构自己的时钟，不是可信时间戳；存证点何时送出机构，由接收方证明。
  · Ed25519 不是国密签名；要有商用密码上的效力，由经认证的设备经同一接口提供 SM2。
"""

from __future__ import annotations

from jiezhi.core.evidence.canonical import Json, decode, decode_canonical, encode, is_canonical
from jiezhi.core.evidence.chain import GENESIS, Head, ManyResult, Record, link, verify_chain, verify_many
from jiezhi.core.evidence.checkpoint import (
    CaseHead,
    Checkpoint,
    Inclusion,
    build,
    check_inclusion,
    digest_of,
    printable,
    prove_inclusion,
    verify_checkpoint,
)
from jiezhi.core.evidence.digest import hmac_sm3, sm3, sm3_file, sm3_hex
from jiezhi.core.evidence.disclosure import Disclosed, ErasureIndex, check_disclosure, index_erasures
from jiezhi.core.evidence.events import BodyError, EventBody, check_bodies, parse_body
from jiezhi.core.evidence.faults import Fault, FaultKind, Findings
from jiezhi.core.evidence.layout import LIMITS, Limits, PackageSignature
from jiezhi.core.evidence.merkle import (
    consistency_proof,
    inclusion_proof,
    root,
    verify_consistency,
    verify_inclusion,
)
from jiezhi.core.evidence.openings import Opening, check, seal
from jiezhi.core.evidence.package import FileSource, PackageRefused, PackageSource, write_package
from jiezhi.core.evidence.signing import Ed25519Signer, Signer, fingerprint, verify_signature
from jiezhi.core.evidence.verify_package import Report, verify_package

__all__ = [
    "GENESIS",
    "LIMITS",
    "BodyError",
    "CaseHead",
    "Checkpoint",
    "Disclosed",
    "Ed25519Signer",
    "ErasureIndex",
    "EventBody",
    "Fault",
    "FaultKind",
    "FileSource",
    "Findings",
    "Head",
    "Inclusion",
    "Json",
    "Limits",
    "ManyResult",
    "Opening",
    "PackageRefused",
    "PackageSignature",
    "PackageSource",
    "Record",
    "Report",
    "Signer",
    "build",
    "check",
    "check_bodies",
    "check_disclosure",
    "check_inclusion",
    "consistency_proof",
    "decode",
    "decode_canonical",
    "digest_of",
    "encode",
    "fingerprint",
    "hmac_sm3",
    "inclusion_proof",
    "index_erasures",
    "is_canonical",
    "link",
    "parse_body",
    "printable",
    "prove_inclusion",
    "root",
    "seal",
    "sm3",
    "sm3_file",
    "sm3_hex",
    "verify_chain",
    "verify_checkpoint",
    "verify_consistency",
    "verify_inclusion",
    "verify_many",
    "verify_package",
    "verify_signature",
    "write_package",
]
