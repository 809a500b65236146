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
    "enforcement_officer": StandardPost("执法人员", "承办行政处罚、行政检查；要有有效的执法证件"),
    "enforcement_chief": StandardPost("执法队负责人", "执法案件的审核、指派", signs=True),
    "legal_reviewer": StandardPost("法制审核员", "对重大执法决定作法制审核，不承办案件"),
    "hearing_host": StandardPost("听证主持人", "主持听证，不是本案调查人员"),
    "office_head": StandardPost("街道办负责人", "机关负责人：立案、处罚、强制、移送的审批", signs=True),
    "deputy_head": StandardPost("分管负责人", "分管工作的审批", signs=True),
    "window_clerk": StandardPost("窗口人员", "收件、一次性告知、发放结果"),
    "service_chief": StandardPost("便民中心负责人", "政务服务的审核、决定", signs=True),
    "publisher": StandardPost("公示管理员", "公开审查、公示、撤下"),
    "power_keeper": StandardPost("权责清单管理员", "起草、修订权责清单"),
    "certificate_keeper": StandardPost("执法证件管理员", "执法证件的登记、年审、换证、注销"),
    "evidence_keeper": StandardPost("证据保管员", "保管登记保存的物品、执法设备，办理证据移交"),
    "finance_clerk": StandardPost("财务人员", "登记缴款、分期、加处罚款"),
    ADMIN: StandardPost("系统管理员", "管理人员、岗位、单位、区域和日历；不因此看到件的内容"),
}
