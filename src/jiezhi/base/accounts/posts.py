"""随系统安装的岗位。办公室可以另设；这些代码被业务模板引用，不要改名。"""

from typing import NamedTuple


class StandardPost(NamedTuple):
    title: str
    description: str
    signs: bool = False


ADMIN = "admin"

STANDARD_POSTS: dict[str, StandardPost] = {
    "hotline_clerk": StandardPost("受理员", "接听、登记诉求"),
    "dispatcher": StandardPost("分拨员", "把件分到承办单位，处理退回"),
    "unit_clerk": StandardPost("经办人", "在本单位办理分来的件"),
    "unit_chief": StandardPost("部门负责人", "本单位的审核、签批", signs=True),
    "grid_worker": StandardPost("网格员", "在自己的网格巡查、核实、处置"),
    "community_lead": StandardPost("社区负责人", "统筹本社区的件"),
    "supervisor": StandardPost("督办员", "督办超期和退回的件"),
    "leader": StandardPost("街道领导", "批示、审批", signs=True),
    "callback": StandardPost("回访员", "办结后回访"),
    "archivist": StandardPost("档案员", "归档、移交"),
    ADMIN: StandardPost("系统管理员", "管理人员、岗位、单位、区域和日历；不因此看到件的内容"),
}
