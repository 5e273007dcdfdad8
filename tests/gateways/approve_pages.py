"""The pages that somebody has looked at and found right: small grey pictures, renewed by running this file."""

import io
import subprocess
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter

from app.gateways import paper
from app.gateways.paper import sample
from app.gateways.paper.sample_texts import matters
from tests.gateways import test_paper_digest, test_paper_opinions, test_paper_slip_report, test_paper_weekly
from tests.gateways.resolution_case import AT, SHEET, printed

FOLDER = Path(__file__).parent / "approved"
FINE = 40  # pixels to an inch: enough for every place, too few for single letters
NOTICED = 48  # of 255: less is how an edge is drawn
ALLOWED = 0.002  # share of pixels that may differ by more
ISSUE = sample.Issue(number=5, day=AT.date(), signer="Nguyễn Giả Định")


def documents():
    """name → (PDF, pages that are compared)."""
    draft = replace(SHEET, draft=True, urgency="HỎA TỐC", signer_name="")
    return {
        "resolution": (printed(), (1, 2, 3)),
        "draft": (printed(draft), (1,)),
        "submission": (sample.submission(matters()[0], ISSUE), (1,)),
        "digest": (paper.digest(test_paper_digest.SHEET), (1,)),
        "crowded-digest": (paper.digest(test_paper_digest.crowded(100)), (1,)),
        "weekly": (paper.weekly(test_paper_weekly.SHEET), (1,)),
        "synthesis": (paper.opinions(test_paper_opinions.SHEET), (1,)),
        "explanations": (paper.opinions(test_paper_opinions.EXPLAINED), (1,)),
        "slip-report": (test_paper_slip_report.printed(), (1, 2)),
    }


def pages():
    """(name, picture) of every page that is compared, as pdftoppm draws it."""
    for name, (pdf, numbers) in documents().items():
        for number in numbers:
            drawn = subprocess.run(
                ["pdftoppm", "-r", str(FINE), "-gray", "-png", "-f", str(number), "-l", str(number), "-"],
                input=pdf,
                check=True,
                capture_output=True,
            ).stdout
            yield f"{name}-{number}", Image.open(io.BytesIO(drawn)).convert("L")


def difference(page, approved):
    """The share of pixels that differ visibly, edges smoothed."""
    if page.size != approved.size:
        return 1.0
    smooth = [picture.filter(ImageFilter.BoxBlur(1)) for picture in (page, approved)]
    counts = ImageChops.difference(*smooth).histogram()
    return sum(counts[NOTICED:]) / sum(counts)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, page in pages():
        page.save(FOLDER / f"{name}.png", optimize=True)
        print(FOLDER / f"{name}.png")
