"""Reads the code on a rendered page: an own reader of undamaged codes with one or two blocks, after ISO/IEC 18004."""

FORMAT_MASK = 0b101010000010010
ALIGNMENT = {2: 18, 3: 22, 4: 26, 5: 30, 6: 34}
BLOCKS = {3: (1, 44), 4: (2, 32), 5: (2, 43)}  # version → blocks and data codewords of each, for correction level M
MASKS = [
    lambda row, column: (row + column) % 2 == 0,
    lambda row, _column: row % 2 == 0,
    lambda _row, column: column % 3 == 0,
    lambda row, column: (row + column) % 3 == 0,
    lambda row, column: (row // 2 + column // 3) % 2 == 0,
    lambda row, column: row * column % 2 + row * column % 3 == 0,
    lambda row, column: (row * column % 2 + row * column % 3) % 2 == 0,
    lambda row, column: ((row + column) % 2 + row * column % 3) % 2 == 0,
]


def said(picture, *, left, bottom, side, count):
    """What the code says; its place and size in millimetres on an A4 page, `count` modules along its side."""
    per_mm = picture.width / 210
    step = side / count

    def dark(row, column):
        x, y = left + (column + 0.5) * step, 297 - bottom - side + (row + 0.5) * step
        return picture.getpixel((int(x * per_mm), int(y * per_mm))) < 128

    grid = [[dark(row, column) for column in range(count)] for row in range(count)]
    return _text(grid, (count - 17) // 4)


def _text(grid, version):
    told = [grid[8][column] for column in (0, 1, 2, 3, 4, 5, 7, 8)] + [grid[row][8] for row in (7, 5, 4, 3, 2, 1, 0)]
    form = int("".join("01"[bit] for bit in told), 2) ^ FORMAT_MASK
    level, mask = form >> 13, MASKS[form >> 10 & 7]
    assert level == 0, "the correction level is not M"
    bits = "".join("01"[grid[row][column] ^ mask(row, column)] for row, column in _path(len(grid), version))
    words = [int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)]
    blocks, size = BLOCKS[version]
    data = [words[at * blocks + block] for block in range(blocks) for at in range(size)]
    stream = "".join(f"{word:08b}" for word in data)
    assert stream[:4] == "0100", "not a code of bytes"
    length = int(stream[4:12], 2)
    return bytes(int(stream[12 + 8 * at : 20 + 8 * at], 2) for at in range(length)).decode()


def _path(count, version):
    """The places of the data: two columns wide, up and down from the right, around the fixed patterns."""
    right, up = count - 1, True
    while right > 0:
        right -= right == 6
        for row in range(count - 1, -1, -1) if up else range(count):
            for column in (right, right - 1):
                if not _fixed(row, column, count, version):
                    yield row, column
        right, up = right - 2, not up


def _fixed(row, column, count, version):
    corner = (row < 9 and (column < 9 or column >= count - 8)) or (row >= count - 8 and column < 9)
    middle = ALIGNMENT[version]
    return corner or 6 in (row, column) or (abs(row - middle) <= 2 and abs(column - middle) <= 2)
