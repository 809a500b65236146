"""政务服务（A2、A3、A6）：一次告知、补正、受理、核查、准予、领取归档；逾期视为受理；不予、延长、听证、延续、提速。"""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from django.test import Client
from django.urls import reverse

from jiezhi.base.casework import actions, powers, queries
from jiezhi.base.casework.models import Case, Clock
from jiezhi.cli.main import main
from jiezhi.core.procedure.materials import STATE
from jiezhi.services.promise.queries import speed
from jiezhi.services.promise.testing import Window, printed, words_of

LOCAL = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def window(desk: Any) -> Window:
    return Window(desk)


def test_from_missing_papers_to_the_licence(desk: Any, window: Window) -> None:
    case = window.permit()
    assert case.matter == "service.temporary_use" and case.number.startswith("XKZ2026")
    said = desk.refused(case, window.clerk, "受理")
    for title in ("申请表", "占用位置图和现场照片", "申请人身份证明"):
        assert f"还差“{title}”" in said
    assert "授权委托书" not in said  # 不是代理人办的，不要
    desk.later(hours=2)
    desk.does(case, window.clerk, "一次性告知补正")
    listed = [row["material"] for row in case.fields["notice_items"]]
    assert listed == ["申请表", "占用位置图和现场照片", "申请人身份证明"]
    assert case.state == "supplementing"
    assert "一次性告知" not in desk.running(case)
    # 补来的不全：不能再告知一次，也不能受理
    desk.at(8, 6)
    desk.does(case, window.clerk, "收到补正材料", 申请表=[desk.photo()])
    again = desk.refused(case, window.clerk, "一次性告知补正")
    assert "已经“一次性告知补正”" in again
    assert "还差“占用位置图和现场照片”" in desk.refused(case, window.clerk, "受理")
    desk.does(
        case, window.clerk, "核对、补收材料", 占用位置图和现场照片=[desk.photo()],
        材料核验=[{"material": "identity", "state": "共享核到"}],
    )  # fmt: skip
    desk.does(case, window.clerk, "受理")
    assert case.fields["accepted_on"] == "2026-08-06"
    due = desk.clock(case, "作出决定").due_at.astimezone(LOCAL).date()
    assert due == date(2026, 8, 21)  # 8月6日受理，承诺十个工作日：8月20日止
    assert "要由" in desk.refused(case, window.clerk, "核查完毕", 核查情况="没有人指派我")
    one = [str(window.officers[0].pk)]
    assert "至少 2" in desk.refused(case, window.deputy, "指派核查人员", 核查人员=one)
    desk.does(case, window.deputy, "指派核查人员", 核查人员=[str(one.pk) for one in window.officers])
    desk.at(8, 10)
    desk.does(case, window.officers[1], "核查完毕", 核查情况="现场宽 6 米，堆放后仍可通行")
    desk.at(8, 11)
    desk.does(
        case, window.chief, "准予许可",
        准予的内容="云桥路12号门前 12 平方米", 有效期自="2026-08-20", 有效期至="2026-10-20",
    )  # fmt: skip
    assert case.fields["power"] == "XK-076"
    desk.worker()
    licence = Case.objects.get(parent=case)
    assert (licence.matter, licence.state) == ("service.licence", "valid")
    # 届满三十日前申请延续是持有人自己的期限：记着，件不因它到期、亮灯。
    assert licence.due_at is None and Clock.objects.get(case=licence, name="renew_notice").status == "running"
    desk.does(case, window.clerk, "颁发、领取", 怎样送达="当面领取")
    desk.worker()
    assert case.state == "closed"
    wanted = ["收件凭证", "一次性告知单", "受理通知书", "准予行政许可决定书"]
    assert printed(case) == wanted
    notice = words_of(case, "一次性告知单")
    for title in listed:
        assert title in notice
    assert "请填写《行政许可申请表》（窗口免费提供）" in notice and "只告知一次" in notice
    accepted = words_of(case, "受理通知书")
    assert "2026年8月6日起受理" in accepted
    assert "至迟2026年8月20日办结" in accepted  # 和件页面同一天
    desk.same(case, licence)
    desk.package(case, desk.person("archivist"))


def test_the_notice_must_list_everything(desk: Any, window: Window) -> None:
    case = window.permit(entrusted=True)
    short = [{"material": "申请表", "remedy": "请填写"}]
    assert "没有列全" in desk.refused(case, window.clerk, "一次性告知补正", 要补的材料=short)
    desk.does(case, window.clerk, "一次性告知补正")
    assert "授权委托书和代理人身份证明" in [row["material"] for row in case.fields["notice_items"]]
    # 齐全的件没有可告知的；交来的要改，写明了才告知
    ready = window.permit(**window.complete())
    assert "没有要补正的" in desk.refused(ready, window.clerk, "一次性告知补正")
    desk.does(ready, window.clerk, "一次性告知补正", **{"另有不合格式、填写有误的": "位置图没有标出通行宽度"})


def test_silence_for_five_working_days_is_acceptance(desk: Any, window: Window) -> None:
    case = window.permit()
    desk.at(8, 10, 17)  # 8月3日收件，五个工作日到8月10日止
    desk.worker()
    case.refresh_from_db()
    assert case.state == "received"
    desk.at(8, 11, 9)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "reviewing"
    assert case.fields["accepted_on"] == "2026-08-03"
    # 时限从收到材料那天起算，不从视为受理那天
    clock = desk.clock(case, "作出决定")
    assert clock.started_at.astimezone(LOCAL).date() == date(2026, 8, 3)
    assert clock.due_at.astimezone(LOCAL).date() == date(2026, 8, 18)
    assert "受理通知书" in printed(case)
    assert "收到材料之日起即为受理" in queries.definition_of(case).matter.actions["deem_accepted"].deemed
    # 视为受理之后，缺的材料没补就不能准予
    desk.does(case, window.clerk, "书面审查完毕，不需到场", "材料未补")
    said = desk.refused(
        case, window.chief, "准予许可",
        准予的内容="云桥路12号门前", 有效期自="2026-08-20", 有效期至="2026-10-20",
    )  # fmt: skip
    assert "还差“申请表”" in said


def test_after_the_five_days_it_is_accepted_from_the_receipt(desk: Any, window: Window) -> None:
    case = window.permit(**window.complete())
    desk.at(8, 11, 9)  # 系统还没有来得及自动办理
    assert "自收到材料之日起就是受理" in desk.refused(case, window.clerk, "一次性告知补正")
    why = "场地不归本街道管"
    assert "自收到材料之日起就是受理" in desk.refused(case, window.clerk, "不予受理", 不予受理的理由=why)
    assert "晚于应当受理" in desk.refused(case, window.clerk, "受理", 受理日="2026-08-11")
    desk.does(case, window.clerk, "受理")
    assert case.fields["accepted_on"] == "2026-08-03"


def test_nobody_may_accept_for_a_later_day(desk: Any, window: Window) -> None:
    case = window.permit(**window.complete())
    assert "晚于应当受理" in desk.refused(case, window.clerk, "受理", 受理日="2026-08-20")


def test_nothing_is_withdrawn_after_the_decision(desk: Any, window: Window) -> None:
    early, late = window.accepted(), window.granted()
    title = "登记申请人撤回申请"
    # 窗口替人撤回，要收本人签字的撤回申请。
    assert "还没有“申请人签字的撤回申请”" in desk.refused(early, window.clerk, title, "改期施工")
    paper = {"申请人签字的撤回申请": [desk.photo()]}
    desk.does(early, window.clerk, title, "改期施工", **paper)
    assert early.state == "withdrawn"
    assert "已经“作出决定”" in desk.refused(late, window.clerk, title, "不要了", **paper)


def test_what_is_still_lacking_after_the_supplement_is_refused_with_a_paper(
    desk: Any, window: Window
) -> None:
    case = window.permit()
    title = "补正后仍不齐，不予受理"
    why = {"不予受理的理由": "告知单第二项占用位置图仍没有交"}
    assert "还没有“收到补正材料”" in desk.refused(case, window.clerk, title, **why)
    desk.does(case, window.clerk, "一次性告知补正")
    desk.does(case, window.clerk, "收到补正材料", 申请表=[desk.photo()])
    assert "还差“占用位置图和现场照片”" in desk.refused(case, window.clerk, "受理")
    desk.does(case, window.clerk, title, **why)
    desk.worker()
    assert case.state == "declined" and "占用位置图仍没有交" in words_of(case, "不予受理通知书")


def test_refusal_tells_why_and_where_to_complain(desk: Any, window: Window) -> None:
    case = window.examined()
    assert "还没有“不予许可的理由”" in desk.refused(case, window.chief, "不予许可")
    desk.does(case, window.chief, "不予许可", 不予许可的理由="占用后人行道不足 1.5 米，影响通行")
    desk.does(case, window.clerk, "送达不予许可决定书", 怎样送达="当面领取")
    desk.worker()
    text = words_of(case, "不予行政许可决定书")
    assert "占用后人行道不足 1.5 米" in text and "行政复议" in text and "行政诉讼" in text
    assert not Case.objects.filter(parent=case).exists()


def test_not_accepted_has_a_dated_paper(desk: Any, window: Window) -> None:
    case = window.permit()
    desk.does(
        case, window.clerk, "不予受理", 不予受理的理由="这处场地由区城管局管理", 应向哪里申请="区城管局"
    )
    desk.worker()
    assert case.state == "declined"
    assert printed(case) == ["收件凭证", "不予受理通知书"]


def test_only_the_head_extends(desk: Any, window: Window) -> None:
    case = window.examined()
    before = desk.clock(case, "作出决定").due_at
    said = desk.refused(case, window.chief, "批准延长", "需要再核实", 延长多久="5个工作日")
    assert "街道办负责人" in said
    assert "理由" in desk.refused(case, window.head, "批准延长", 延长多久="5个工作日")
    assert "每次最多延长" in desk.refused(case, window.head, "批准延长", "需要再核实", 延长多久="15个工作日")
    desk.does(case, window.head, "批准延长", "需要再核实", 延长多久="10个工作日")
    assert desk.clock(case, "作出决定").due_at > before
    assert "最多延长 1 次" in desk.refused(case, window.head, "批准延长", "再来一次", 延长多久="1个工作日")
    desk.worker()
    assert "延长期限告知书" in printed(case)


def test_hearing_right_is_waited_for(desk: Any, window: Window) -> None:
    case = window.examined()
    desk.does(case, window.chief, "告知利害关系人和听证权利", 利害关系人=[{"name": "隔壁商铺"}])
    grant = {"准予的内容": "云桥路12号门前", "有效期自": "2026-08-20", "有效期至": "2026-10-20"}
    assert "已经“告知利害关系人和听证权利”" in desk.refused(case, window.chief, "准予许可", **grant)
    assert "届满前不得" in desk.refused(case, window.chief, "期满没有申请听证")
    desk.at(8, 5)
    desk.does(case, window.clerk, "登记听证申请")
    held = desk.clock(case, "作出决定")
    assert held.status == "paused"  # 听证的时间不计入
    host = desk.person("hearing_host")
    early = {"听证地点": "三楼会议室", "听证主持人": str(host.pk)}
    assert "已经来不及" in desk.refused(case, window.chief, "通知听证", 听证日期="2026-08-10", **early)
    inside = {"听证地点": "三楼会议室", "听证主持人": str(window.officers[0].pk)}
    assert "不得是同一人" in desk.refused(case, window.chief, "通知听证", 听证日期="2026-08-20", **inside)
    desk.does(case, window.chief, "通知听证", 听证日期="2026-08-20", **early)
    note = {"听证笔录": "商铺同意缩短堆放时间"}
    desk.at(8, 18)
    said = desk.refused(case, host, "听证完毕", 听证举行日="2026-08-18", **note)
    assert "听证早于通知的日期" in said
    desk.at(8, 20, 16)
    desk.does(case, host, "听证完毕", 听证举行日="2026-08-20", **note)
    desk.worker()
    assert "商铺同意缩短堆放时间" in words_of(case, "听证笔录")
    assert desk.clock(case, "作出决定").status == "running"
    desk.does(case, window.chief, "准予许可", **grant)
    desk.same(case)


def test_hearing_lapses_after_five_working_days(desk: Any, window: Window) -> None:
    case = window.examined()
    desk.does(case, window.chief, "告知利害关系人和听证权利")
    desk.at(8, 11)
    desk.worker()
    case.refresh_from_db()
    assert "tell_hearing" not in case.done
    assert "没有“告知利害关系人和听证权利”" in desk.refused(case, window.clerk, "登记听证申请")


def test_a_late_case_ends_only_after_the_reason_is_public(desk: Any, window: Window) -> None:
    case = window.examined()
    desk.at(8, 25)
    desk.does(
        case, window.chief, "准予许可",
        准予的内容="云桥路12号门前", 有效期自="2026-08-26", 有效期至="2026-10-20",
    )  # fmt: skip
    assert "还没有公开说明理由" in desk.refused(case, window.clerk, "颁发、领取", 怎样送达="当面领取")
    desk.does(case, window.chief, "公开说明超期理由", 超期的理由="核查人员抽调防汛，延误三个工作日")
    desk.does(case, window.clerk, "颁发、领取", 怎样送达="当面领取")
    found = speed(Case.objects.all(), desk.now)
    pace = next(row for row in found.rows if row.matter == case.matter)
    assert [(one.number, one.reason) for one in pace.overdue] == [
        (case.number, "核查人员抽调防汛，延误三个工作日")
    ]
    assert (found.checked, found.overdue, found.wrong) == (1, 1, 0)
    # 命令行和页面上都看得到是哪一件、什么理由
    browser = Client()
    browser.force_login(window.chief, backend="django.contrib.auth.backends.ModelBackend")
    shown = browser.get(reverse("office:speed")).content.decode()
    told = CliRunner().invoke(main, ["speed"]).output
    for text in (shown, told):
        assert f"{case.number}：核查人员抽调防汛，延误三个工作日" in text


def test_zero_overdue_and_zero_wrong_are_counted_against_real_cases(desk: Any, window: Window) -> None:
    assert speed(Case.objects.all(), desk.now).checked == 0
    good, bad = window.granted(), window.granted()
    found = speed(Case.objects.all(), desk.now)
    pace = next(row for row in found.rows if row.matter == good.matter)
    assert (pace.decided, pace.mean, pace.longest, pace.overdue, pace.wrong) == (2, 0.0, 0, (), ())
    assert (pace.limit.legal, pace.limit.promised, pace.limit.saved) == ("20个工作日", "10个工作日", 50.0)
    desk.worker()
    licence = Case.objects.get(parent=bad)
    said = desk.refused(
        licence, window.chief, "撤销许可", 属于哪种情形="不具备申请资格", 撤销的理由="申请人并非场地使用人"
    )
    assert "街道办负责人" in said
    desk.does(
        licence, window.head, "撤销许可", 属于哪种情形="不具备申请资格", 撤销的理由="申请人并非场地的使用人"
    )
    desk.does(good, window.clerk, "颁发、领取", 怎样送达="当面领取")
    ruling = {"复议、诉讼文书的文号和结果": "区复决〔2026〕8号，撤销"}
    desk.does(good, window.chief, "登记被撤销、确认违法", **ruling)
    again = speed(Case.objects.all(), desk.now)
    assert next(row for row in again.rows if row.matter == good.matter).wrong == tuple(
        sorted([good.number, bad.number])
    )


def test_renewal_not_decided_in_time_is_granted(desk: Any, window: Window) -> None:
    case = window.granted()
    desk.worker()
    licence = Case.objects.get(parent=case)
    late = window.granted()
    desk.worker()
    other = Case.objects.get(parent=late)
    desk.at(8, 28)
    desk.does(licence, window.clerk, "收到延续申请（届满三十日前）")
    desk.at(10, 12)
    assert "已经来不及" in desk.refused(other, window.clerk, "收到延续申请（届满三十日前）")
    desk.does(other, window.clerk, "收到延续申请（届满前不足三十日）")
    desk.at(10, 20, 20)
    desk.worker()
    licence.refresh_from_db()
    assert licence.state == "renewing"  # 有效期至当天还有效
    desk.at(10, 21, 1)
    desk.worker()
    licence.refresh_from_db()
    other.refresh_from_db()
    assert (licence.state, other.state) == ("extended", "expired")
    desk.does(licence, window.chief, "补办延续后的证件", 有效期至="2026-12-20")
    assert licence.fields["ends_on"] == "2026-12-21"
    desk.same(licence, other)


def test_without_a_power_the_application_is_still_received(desk: Any, window: Window) -> None:
    """没有授权的事项照样收件，行使许可权才要授权。"""
    powers.repeal("XK-076", reason="目录收回", acting_officer=window.head, now=desk.now)
    case = window.examined()
    said = desk.refused(
        case, window.chief, "准予许可", 许可事项="XK-076",
        准予的内容="云桥路12号门前", 有效期自="2026-08-20", 有效期至="2026-10-20",
    )  # fmt: skip
    assert "没有生效的依据或者授权" in said
    # 受理之后授权没有了：不准予，可以说明理由和去向不予许可，不会卡住。
    why = "这项许可的授权已被收回，请向区城管部门申请"
    desk.does(case, window.chief, "不予许可", 许可事项="XK-076", 不予许可的理由=why)
    assert case.state == "denied"


def test_an_application_from_the_web_belongs_to_the_responsible_unit(desk: Any, window: Window) -> None:
    """网上来的没有收件人：归事项的责任单位；没有一次告知、视为受理的，照样决定得了。"""
    given = {"purpose": "装修", "spot": "云桥路12号门前", "area_size": 12, "use_from": "2026-08-20"}
    given |= {"use_to": "2026-08-25", "applicant": {"name": "云桥装饰有限公司", "phone": "13800138001"}}
    papers = window.complete()
    checked = papers.pop(STATE)

    def apply(**more: Any) -> Any:
        inputs = {**given, **papers, **more}
        return actions.open_case(
            "service.temporary_use", "receive", actor=desk.resident, now=desk.now, inputs=inputs
        )

    assert "不填“材料核验”" in str(apply(**{STATE: checked})), "申请人不能自己写核过原件"
    found = apply()
    case = Case.objects.get(uid=found.uid)
    assert case.unit is not None and case.unit.code == "public_service"
    desk.at(8, 11)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "reviewing"
    desk.does(case, window.clerk, "书面审查完毕，不需到场", "材料清楚")
    desk.does(case, window.clerk, "核对、补收材料", 材料核验=checked)
    grant = {"准予的内容": "云桥路12号门前", "有效期自": "2026-08-20", "有效期至": "2026-10-20"}
    desk.does(case, window.chief, "准予许可", **grant)
    licence = Case.objects.get(parent=case, slot="licence")
    desk.does(licence, window.chief, "准予变更", 变更的内容="缩小范围", 准予的内容="云桥路12号门前 8 平方米")
    desk.same(case, licence)
