"""公开站自己不写什么：来件、评价都走 services.residents 的门。"""
