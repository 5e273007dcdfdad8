"""How a seal for the demonstration looks: red rings, the body's name around a star, and no national emblem."""
import hashlib
import math
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageFont

from app.gateways.paper.fonts import FOLDER, printable

INK = (206, 18, 32)
SIDE, FINER = 504, 3  # pixels: 38 mm at 337 to the inch; drawn three times as fine and reduced
WHOLE = SIDE * FINER
MIDDLE = WHOLE / 2
# Shares of the radius.
OUTER_RING, OUTER_WIDTH, SECOND_RING, SECOND_WIDTH, INNER_RING, INNER_WIDTH = 0.985, 0.036, 0.915, 0.012, 0.585, 0.012
LETTERS_AT, LETTER_HEIGHT, STAR = 0.75, 0.215, 0.4
TOP_ARC, FOOT_ARC = math.radians(214), math.radians(96)  # at most, and for the mark at the foot
WEAR = 0.2  # how much fainter the ink is where the stamp touched less


@lru_cache(maxsize=64)
def seal_picture(body: str, mark: str = "DEMO") -> bytes:
    """A transparent PNG, red, 504 × 504 pixels: `body` around the top, `mark` at the foot."""
    opacity = Image.new("L", (WHOLE, WHOLE))
    draw = ImageDraw.Draw(opacity)
    for radius, width in ((OUTER_RING, OUTER_WIDTH), (SECOND_RING, SECOND_WIDTH), (INNER_RING, INNER_WIDTH)):
        _ring(draw, radius * MIDDLE, width * MIDDLE)
    draw.polygon(_star(STAR * MIDDLE), fill=255)
    _around(opacity, printable(body).upper(), TOP_ARC, top=True)
    _around(opacity, f"· {printable(mark)} ·", FOOT_ARC, top=False)
    worn = ImageChops.multiply(opacity.resize((SIDE, SIDE), Image.Resampling.BOX), _wear(body))
    picture = Image.new("RGBA", (SIDE, SIDE), (*INK, 0))
    picture.putalpha(worn.point(lambda value: value // 16 * 17))  # sixteen grades are enough, in half the bytes
    target = BytesIO()
    picture.save(target, "PNG", optimize=True)
    return target.getvalue()


def _ring(draw: ImageDraw.ImageDraw, radius: float, width: float) -> None:
    box = (MIDDLE - radius, MIDDLE - radius, MIDDLE + radius, MIDDLE + radius)
    draw.ellipse(box, outline=255, width=round(width))


def _star(radius: float) -> list[tuple[float, float]]:
    """Five points, one upwards; the inner corners lie where the sides cross."""
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    corners = []
    for turn in range(10):
        reach, angle = (radius, inner)[turn % 2], math.radians(36 * turn)
        corners.append((MIDDLE + reach * math.sin(angle), MIDDLE - reach * math.cos(angle)))
    return corners


def _around(opacity: Image.Image, words: str, most: float, *, top: bool) -> None:
    """Letters along the ring, centred at the top or at the foot, set smaller when the words are long."""
    radius = LETTERS_AT * MIDDLE
    font = ImageFont.truetype(str(FOLDER / "LiberationSerif-Bold.ttf"), round(LETTER_HEIGHT * MIDDLE))
    gap = 0.12 * font.size
    widths = [font.getlength(letter) + gap for letter in words]
    if sum(widths) > most * radius:
        font = font.font_variant(size=font.size * most * radius / sum(widths))
        widths = [font.getlength(letter) + gap * font.size / (LETTER_HEIGHT * MIDDLE) for letter in words]
    turn = -sum(widths) / radius / 2
    for letter, width in zip(words, widths, strict=True):
        _letter(opacity, letter, font, turn + width / radius / 2, top=top)
        turn += width / radius


def _letter(opacity: Image.Image, letter: str, font: ImageFont.FreeTypeFont, turn: float, *, top: bool) -> None:
    """One letter, its feet towards the middle at the top of the ring and away from it at the foot."""
    side = round(font.size * 2)
    tile = Image.new("L", (side, side))
    capital = font.getbbox("H", anchor="ls")
    ImageDraw.Draw(tile).text((side / 2, side / 2 - capital[1] / 2), letter, fill=255, font=font, anchor="ms")
    tile = tile.rotate(-math.degrees(turn) if top else math.degrees(turn), Image.Resampling.BICUBIC)
    radius = LETTERS_AT * MIDDLE
    x = MIDDLE + radius * math.sin(turn)
    y = MIDDLE - radius * math.cos(turn) if top else MIDDLE + radius * math.cos(turn)
    box = (round(x - side / 2), round(y - side / 2), round(x - side / 2) + side, round(y - side / 2) + side)
    opacity.paste(ImageChops.lighter(opacity.crop(box), tile), box)


def _wear(body: str) -> Image.Image:
    """Soft blotches, so that the stamp looks pressed and not printed; the same for the same body."""
    cells = 24
    grains = hashlib.shake_256(body.encode()).digest(cells * cells)
    pressure = Image.frombytes("L", (cells, cells), bytes(round(255 * (1 - WEAR * grain / 255)) for grain in grains))
    return pressure.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
