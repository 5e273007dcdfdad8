"""The 2019 case as data: 27 members, 21 in the room, 4 remote, 25 agree, 2 without a ballot; invented people."""

from hashlib import sha256
from typing import Any

POSTS = [
    ("Thủ tướng Chính phủ", "TTg"),
    *[("Phó Thủ tướng Chính phủ", "PTTg")] * 5,
    *[(f"Bộ trưởng Bộ {name}", short) for name, short in [
        ("Quốc phòng", "BQP"), ("Công an", "BCA"), ("Ngoại giao", "BNG"), ("Nội vụ", "BNV"), ("Tư pháp", "BTP"),
        ("Kế hoạch và Đầu tư", "BKHĐT"), ("Tài chính", "BTC"), ("Công Thương", "BCT"),
        ("Nông nghiệp và Phát triển nông thôn", "BNNPTNT"), ("Giao thông vận tải", "BGTVT"), ("Xây dựng", "BXD"),
        ("Tài nguyên và Môi trường", "BTNMT"), ("Thông tin và Truyền thông", "BTTTT"),
        ("Lao động – Thương binh và Xã hội", "BLĐTBXH"), ("Văn hóa, Thể thao và Du lịch", "BVHTTDL"),
        ("Khoa học và Công nghệ", "BKHCN"), ("Giáo dục và Đào tạo", "BGDĐT"), ("Y tế", "BYT"),
    ]],
    ("Thống đốc Ngân hàng Nhà nước Việt Nam", "NHNN"),
    ("Tổng Thanh tra Chính phủ", "TTCP"),
    ("Bộ trưởng, Chủ nhiệm Văn phòng Chính phủ", "VPCP"),
]  # fmt: skip
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ")
GIVEN = ("An", "Bình", "Chiến", "Dũng", "Giang", "Hạnh", "Khánh", "Lĩnh", "Mẫn", "Nghĩa", "Phúc", "Quỳnh", "Sửu")
REMARK = "Đề nghị làm rõ lộ trình áp dụng đối với các địa phương."


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def roll() -> list[dict[str, Any]]:
    return [
        {
            "index": index,
            "member": f"M{index:02}",
            "name": f"{FAMILY[index % 11]} Giả {GIVEN[index % 13]}",
            "post": post,
            "abbreviation": short,
            "head": index == 1,
            "certificate_sha256": digest(f"certificate {index}"),
        }
        for index, (post, short) in enumerate(POSTS, start=1)
    ]


def case(visibility: str = "named") -> tuple[dict[str, Any], dict[str, Any]]:
    """(definition, result) in the shapes of poll.json and result.json."""
    members = roll()
    return _definition(members, visibility), _result(members)


def _definition(members: list[dict[str, Any]], visibility: str) -> dict[str, Any]:
    return {
        "poll_id": 7,
        "body": {"code": "CP", "name": "Chính phủ", "place": "Hà Nội"},
        "meeting": {"id": 7, "title": "Phiên họp Chính phủ chuyên đề tháng 6 năm 2019", "held_on": "2019-06-24"},
        "item": {"position": 2, "title": "Dự thảo Nghị định quy định về định danh và xác thực điện tử"},
        "question": "Thông qua Nghị định quy định về định danh và xác thực điện tử?",
        "visibility": visibility,
        "rule_set": {
            "code": "CP-2015",
            "valid_from": "2016-01-01",
            "legal_source": "Điều 46 Luật Tổ chức Chính phủ năm 2015; khoản 3 Điều 3 Nghị định số 138/2016/NĐ-CP",
            "confirmed": True,
            "parameters": {"majority": "more_than_half_of_all"},
        },
        "document": {
            "title": "Dự thảo Nghị định quy định về định danh và xác thực điện tử",
            "version": 3,
            "sha256": digest("draft"),
            "pages": 14,
        },
        "quorum": {"members": 27, "present": 25, "in_room": 21, "remote": 4, "needed": 18},
        "roll": members,
        "opened_at": "2019-06-24T01:09:58Z",
        "opened_by": "M01",
        "software": "e-Cabinet 1.0",
    }


def _result(members: list[dict[str, Any]]) -> dict[str, Any]:
    silent = ["M09", "M23"]
    voters = [entry for entry in members if entry["member"] not in silent]
    return {
        "poll_id": 7,
        "poll_hash": f"sha256:{digest('definition')}",
        "members": 27,
        "in_room": 21,
        "remote": 4,
        "agree": 25,
        "disagree": 0,
        "other": 0,
        "not_voting": 2,
        "percent_of_all": "92.6",
        "threshold": 14,
        "quorum": 18,
        "outcome": "adopted",
        "head_choice": "agree",
        "rule_set": "CP-2015",
        "legal_source": "Điều 46 Luật Tổ chức Chính phủ năm 2015",
        "sentence": "25/27 Thành viên Chính phủ tán thành, bằng 92,6% tổng số thành viên; Nghị định được thông qua.",
        "votes": [_vote(entry, place) for place, entry in enumerate(voters)],
        "not_voted": [entry for entry in members if entry["member"] in silent],
        "confirmation": None,
        "opened_at": "2019-06-24T01:09:58Z",
        "closed_at": "2019-06-24T01:11:03Z",
        "log": {"size": 27, "root": digest("root")},
    }


def _vote(entry: dict[str, Any], at: int) -> dict[str, Any]:
    return {
        "index": entry["index"],
        "member": entry["member"],
        "name": entry["name"],
        "post": entry["post"],
        "abbreviation": entry["abbreviation"],
        "choice": "agree",
        "place": "remote" if at % 6 == 5 else "in_room",
        "reservation": entry["member"] == "M12",
        "remark": REMARK if entry["member"] in ("M12", "M20") else "",
        "statement_sha256": digest(f"statement {entry['member']}"),
        "leaf_seq": at + 1,
        "leaf_hash": digest(f"leaf {entry['member']}"),
        "certificate_sha256": entry["certificate_sha256"],
        "server_time": f"2019-06-24T01:10:{at:02}Z",
    }
