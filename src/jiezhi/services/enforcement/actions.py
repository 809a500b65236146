"""执法案件的登记都是件上的办理（packs/enforcement），本应用没有自己的写操作。"""
