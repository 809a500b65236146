"""虚构的人名、地名。任何与真实人物、地点相同之处均属巧合。"""

from __future__ import annotations

from dataclasses import dataclass

PEOPLE = (
    ("陆景川", "lujingchuan"),
    ("何惠珊", "hehuishan"),
    ("欧阳砚", "ouyangyan"),
    ("钟维庆", "zhongweiqing"),
    ("沈若溪", "shenruoxi"),
    ("谭志坚", "tanzhijian"),
    ("黎小满", "lixiaoman"),
    ("邱国栋", "qiuguodong"),
    ("范书宁", "fanshuning"),
    ("温嘉禾", "wenjiahe"),
    ("曾德厚", "zengdehou"),
    ("罗婉仪", "luowanyi"),
    ("司徒展鸿", "situzhanhong"),
    ("彭立秋", "pengliqiu"),
    ("庄晓岚", "zhuangxiaolan"),
    ("麦启航", "maiqihang"),
    ("石磊鑫", "shileixin"),
    ("韦春妮", "weichunni"),
    ("孟庭安", "mengtingan"),
    ("赖永福", "laiyongfu"),
    ("苏棠", "sutang"),
    ("龚建业", "gongjianye"),
    ("冯雪晴", "fengxueqing"),
    ("傅博远", "fuboyuan"),
    ("卓思敏", "zhuosimin"),
    ("廖海生", "liaohaisheng"),
    ("江一帆", "jiangyifan"),
    ("盘秀英", "panxiuying"),
    ("陶然之", "taoranzhi"),
    ("贺长青", "hechangqing"),
    ("毕晓鹏", "bixiaopeng"),
    ("戚美玲", "qimeiling"),
    ("黄皓轩", "huanghaoxuan"),
    ("郑素芬", "zhengsufen"),
    ("林耀棠", "linyaotang"),
    ("陈晓筠", "chenxiaojun"),
    ("梁家豪", "liangjiahao"),
    ("许春燕", "xuchunyan"),
    ("叶文斌", "yewenbin"),
    ("蔡伊朵", "caiyiduo"),
    ("潘振国", "panzhenguo"),
    ("邓巧云", "dengqiaoyun"),
    ("袁子墨", "yuanzimo"),
    ("古丽娜", "gulina"),
    ("覃大勇", "qindayong"),
    ("杜可馨", "dukexin"),
    ("杨柏林", "yangbolin"),
    ("吕丹阳", "lvdanyang"),
    ("严序", "yanxu"),
    ("侯俊杰", "houjunjie"),
    ("马兰香", "malanxiang"),
    ("魏成", "weicheng"),
    ("简佩雯", "jianpeiwen"),
    ("丘锦泉", "qiujinquan"),
    ("唐雨薇", "tangyuwei"),
    ("曹建民", "caojianmin"),
    ("符海棠", "fuhaitang"),
    ("熊志诚", "xiongzhicheng"),
    ("尹月娥", "yinyuee"),
    ("詹少峰", "zhanshaofeng"),
    ("游佳怡", "youjiayi"),
    ("童立", "tongli"),
    ("汤焕新", "tanghuanxin"),
    ("危秋菊", "weiqiuju"),
)
"""（姓名, 登录名）。登录名唯一。"""

CALLERS = (
    "陈",
    "林",
    "黄",
    "张",
    "李",
    "吴",
    "周",
    "刘",
    "蒋",
    "田",
    "胡",
    "邹",
    "卢",
    "丁",
    "方",
    "欧",
    "宋",
    "白",
)
CALLER_STYLES = ("先生", "女士", "女士", "先生", "阿姨", "师傅")


@dataclass(frozen=True)
class Neighbourhood:
    """一个社区的面貌。`themes` 是八个网格各自的样子。"""

    name: str
    roads: tuple[str, ...]
    estates: tuple[str, ...]
    village: str
    park: str
    school: str
    themes: tuple[str, ...]


NEIGHBOURHOODS = (
    Neighbourhood(
        name="桥畔",
        roads=("云桥大道", "桥畔路", "旧圩街"),
        estates=("桥畔新村", "云桥苑", "旧圩小区"),
        village="桥头围",
        park="桥畔公园",
        school="云桥第一小学",
        themes=("estate", "road", "civic", "estate", "road", "village", "estate", "road"),
    ),
    Neighbourhood(
        name="栖溪",
        roads=("栖溪路", "溪上一路"),
        estates=("栖溪花园", "溪山雅居", "听泉府", "半亩里", "栖溪名邸"),
        village="溪口村",
        park="栖溪湿地公园",
        school="云桥实验学校",
        themes=("estate", "estate", "civic", "estate", "site", "estate", "road", "estate"),
    ),
    Neighbourhood(
        name="榕湾",
        roads=("榕湾大道", "榕荫街", "湾心路"),
        estates=("榕湾公馆", "榕荫里", "湾心家园"),
        village="榕树下村",
        park="榕湾市民广场",
        school="云桥中学",
        themes=("road", "office", "estate", "road", "civic", "estate", "office", "estate"),
    ),
    Neighbourhood(
        name="砚坑",
        roads=("砚坑路", "砚田街"),
        estates=("砚田花园",),
        village="砚坑村",
        park="砚山社区公园",
        school="砚坑小学",
        themes=("village", "village", "civic", "road", "village", "village", "estate", "village"),
    ),
    Neighbourhood(
        name="澄塘",
        roads=("澄塘路", "创业三路"),
        estates=("澄塘家园", "蓝领公寓"),
        village="澄塘老村",
        park="澄塘公园",
        school="澄塘小学",
        themes=("factory", "estate", "factory", "civic", "village", "site", "factory", "estate"),
    ),
)
