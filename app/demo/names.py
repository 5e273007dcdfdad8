"""Which invented names the people of a demo bear: none is the name of an office-holder."""

MEMBERS = (
    "Trần Bách Tùng", "Lê Vĩnh Khê", "Phạm Giang Châu", "Hoàng Mộc Lâm", "Vũ Thạch Khê", "Đặng Hải Miên",
    "Bùi Tường Vân", "Đỗ Nguyên Thảo", "Ngô Thanh Đàm", "Dương Cát Sơn", "Lý Đông Khê", "Hồ Tùng Lĩnh",
    "Đinh Lam Giang", "Mai Nhật Thạch", "Trịnh An Khê", "Đoàn Kim Mẫn", "Lương Hòa Trúc", "Cao Mộc Thảo",
    "Tạ Phương Khải", "Phan Hoài Lĩnh", "Chu Vân Sơn", "Thái Diệp Lam", "Quách Trúc Mai", "Kiều Nam Bách",
    "Triệu Hải Đường", "La Thu Cúc", "Văn Khánh Triều",
)  # fmt: skip
DEPUTIES = (
    "Nguyễn Bách Thảo", "Trần Lam Khê", "Lê Mộc Miên", "Phạm Thạch Trúc", "Hoàng Cát Tường", "Vũ Đông Miên",
    "Đặng Vân Khê", "Bùi Tùng Thạch", "Đỗ Hải Trúc", "Hồ Nhật Khê", "Ngô Giang Thảo", "Dương Mộc Châu",
    "Lý Hoài Thạch", "Đinh Bách Lĩnh", "Mai Cát Khê", "Trịnh Lam Thảo", "Đoàn Vân Miên", "Lương Đông Sơn",
    "Cao Tùng Khê", "Tạ Giang Trúc", "Phan Mộc Đàm", "Chu Hải Miên", "Thái Thạch Khê", "Quách Nhật Lam",
    "Kiều Bách Khê", "Triệu Vân Thảo", "La Tùng Miên", "Văn Đông Trúc", "Nguyễn Cát Đàm", "Trần Hoài Khê",
    "Lê Giang Miên", "Phạm Lam Thạch", "Hoàng Nhật Trúc", "Vũ Mộc Khải", "Đặng Bách Châu", "Bùi Hải Khê",
    "Đỗ Thạch Miên", "Hồ Vân Trúc", "Ngô Tùng Lam", "Dương Đông Thảo", "Lý Cát Miên", "Đinh Hoài Trúc",
    "Mai Giang Khê", "Trịnh Nhật Miên",
)  # fmt: skip
OFFICE = (
    "Đoàn Lam Trúc", "Lương Bách Miên", "Cao Vân Đàm", "Tạ Hải Thạch", "Phan Tùng Khải", "Chu Đông Lĩnh",
    "Thái Mộc Trúc", "Quách Cát Lâm", "Kiều Giang Đàm", "Triệu Nhật Thảo",
)  # fmt: skip
AIDES = ("La Hoài Miên", "Văn Bách Lam", "Nguyễn Vân Thạch", "Trần Đông Đàm", "Lê Tùng Trúc", "Phạm Cát Thảo")
PROVINCE = (
    "Hoàng Giang Khê", "Vũ Lam Miên", "Đặng Nhật Thạch", "Bùi Mộc Khê", "Đỗ Hoài Lam", "Hồ Bách Đàm", "Ngô Vân Trúc",
)  # fmt: skip
