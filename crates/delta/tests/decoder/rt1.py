#!/usr/bin/env python3
"""A second decoder of `rt1`, written from docs/PATCH-FORMAT.md, whose sections docstrings name.

Usage: rt1.py BASE PATCH OUT

It is slow and keeps everything in memory: it is there to show that the document says enough.
"""

import bisect
import hashlib
import struct
import sys
from collections import namedtuple

WORD = 0xFFFFFFFF
LONG = (1 << 64) - 1
GOLDEN = 0x9E3779B1
CHUNK = 4096


class Refused(Exception):
    """The patch breaks a rule."""


def require(condition, rule):
    if not condition:
        raise Refused(rule)


def signed(value, bits):
    """The low bits of a number, with a sign."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def round_up(value, to):
    return -(-value // to) * to


class Coder:
    """4.2: the arithmetic coder."""

    def __init__(self, stream):
        self.stream = stream
        self.at = 8
        self.low = 0
        self.high = LONG
        self.code = int.from_bytes(stream[:8], "big")

    def bit(self, probability):
        low, high = self.low, self.high
        middle = low + ((high - low) >> 16) * probability
        bit = 1 if self.code <= middle else 0
        if bit:
            high = middle
        else:
            low = middle + 1
        while (low ^ high) >> 56 == 0:
            require(self.at < len(self.stream), "a stream ends too early")
            low = (low << 8) & LONG
            high = ((high << 8) | 255) & LONG
            self.code = ((self.code << 8) | self.stream[self.at]) & LONG
            self.at += 1
        self.low, self.high = low, high
        return bit

    def finish(self):
        require(self.at == len(self.stream) and self.code == self.low, "a stream ends otherwise")


CURVE = [
    1, 2, 3, 5, 8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955,
    17625, 24743, 32768, 40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097,
    65269, 65374, 65438, 65476, 65500, 65514, 65523, 65528, 65531, 65533, 65534, 65535,
]  # fmt: skip
MOST = 2816


def tables():
    """4.3: squash (its index is the opinion + MOST) and stretch."""
    squash = []
    for j in range(2 * MOST):
        i, rest = divmod(j, 128)
        squash.append(CURVE[i] + (CURVE[i + 1] - CURVE[i]) * rest // 128)
    squash.append(CURVE[-1])
    stretch = []
    x = 0
    for k in range(4096):
        while squash[x] < 16 * k + 8:
            x += 1
        stretch.append(x - MOST)
    return squash, stretch


SQUASH, STRETCH = tables()


class Mixer:
    """4.4: weighs opinions."""

    def __init__(self, contexts, sets):
        start = 30000 if contexts == 3 else 24000
        self.weights = [[start] * contexts for _ in range(sets)]

    def bit(self, coder, opinions, chosen):
        weights = self.weights[chosen]
        total = sum(opinion * weight for opinion, weight in zip(opinions, weights)) >> 16
        probability = SQUASH[max(-MOST, min(MOST, total)) + MOST]
        bit = coder.bit(probability)
        error = ((65536 if bit else 0) - probability) >> 2
        for i, opinion in enumerate(opinions):
            weight = weights[i] + ((opinion * error + 16384) >> 15)
            weights[i] = max(-524288, min(524288, weight))
        return bit


def context(*numbers):
    """4.4: the hash of a row of numbers."""
    h = len(numbers)
    for number in numbers:
        h = ((h ^ number) * GOLDEN) & WORD
        h = ((h << 11 | h >> 21) + 0x7F4A7C15) & WORD
    return h


def mixed(c, i):
    """4.5 and 4.6: what the hashes of context number i have in common."""
    h = ((c + i * 0x3D4D51CB) * 0x85EBCA6B) & WORD
    return ((h ^ (h >> 15)) * 0x2C1B3C6D) & WORD


class Slots:
    """4.5: a model of slots."""

    STEPS = [131072 // (2 * count + 3) for count in range(256)]

    def __init__(self, contexts, logarithm, sets):
        self.mask = (1 << logarithm) - 1
        self.probabilities = [1 << 21] * (1 << logarithm)
        self.counts = [0] * (1 << logarithm)
        self.mixer = Mixer(contexts, sets)

    def scatter(self, c, i):
        h = mixed(c, i)
        return (h << 12 | h >> 20) & self.mask

    def code(self, coder, slots, chosen):
        probabilities, counts = self.probabilities, self.counts
        bit = self.mixer.bit(coder, [STRETCH[probabilities[s] >> 10] for s in slots], chosen)
        goal = 4194303 if bit else 0
        for s, old, count in [(s, probabilities[s], counts[s]) for s in slots]:
            probabilities[s] = old + (((goal - old) * self.STEPS[count]) >> 16)
            counts[s] = min(count + 1, 255)
        return bit

    def bit(self, coder, contexts, chosen):
        return self.code(coder, [self.scatter(c, i) for i, c in enumerate(contexts)], chosen)

    def nibble(self, coder, contexts, chosen):
        lines = [self.scatter(c, i) & ~15 for i, c in enumerate(contexts)]
        node = 1
        for step in range(4):
            node = 2 * node + self.code(coder, [line + node for line in lines], chosen + step)
        return node & 15

    def byte(self, coder, contexts, chosen):
        high = self.nibble(coder, contexts, 8 * chosen)
        contexts = [((c + high + 1) * GOLDEN) & WORD for c in contexts]
        return high << 4 | self.nibble(coder, contexts, 8 * chosen + 4)


class Lines:
    """4.6: a model of lines. A line is its check and 15 nodes; one that was never met is None."""

    SHARE = [
        43690, 26214, 18724, 14563, 11915, 10082, 8738, 7710,
        6898, 6241, 5698, 5242, 4854, 4519, 4228, 3276,
    ]  # fmt: skip

    def __init__(self, contexts, sets):
        self.lines = [None] * 65536
        self.mixer = Mixer(contexts, 256 * sets)

    def nibble(self, coder, contexts, chosen, path):
        numbers = []
        for i, c in enumerate(contexts):
            h = mixed(c, i)
            check, number = h >> 16, (h ^ (h >> 17)) & 65535
            line = self.lines[number]
            if (line[0] if line else 0) != check or not line:
                self.lines[number] = [check] + [0x8000] * 15
            numbers.append(number)
        copies = [list(self.lines[number]) for number in numbers]
        node = 1
        for _ in range(4):
            opinions = [STRETCH[line[node] >> 4] for line in copies]
            bit = self.mixer.bit(coder, opinions, 256 * chosen + path)
            goal = 4095 if bit else 0
            for line in copies:
                old, count = line[node] >> 4, line[node] & 15
                old += ((goal - old) * self.SHARE[count] + 32768) >> 16
                line[node] = old << 4 | min(count + 1, 15)
            node = 2 * node + bit
            path = 2 * path + bit
        for number, line in zip(numbers, copies):
            self.lines[number] = line
        return node & 15, path

    def byte(self, coder, contexts, chosen):
        high, path = self.nibble(coder, contexts, chosen, 1)
        turn = ((high + 1) * GOLDEN) & WORD
        low, _ = self.nibble(coder, [c ^ turn for c in contexts], chosen, path)
        return high << 4 | low


class Numbers:
    """4.7: a model of some kinds of numbers."""

    def __init__(self, kinds):
        self.slots = Slots(3, 16, 16 * kinds)

    def unsigned(self, coder, kind, a, b):
        def salted(*salt):
            return [context(kind, *salt), context(kind, *salt, a), context(kind, *salt, a, b)]

        length = 0
        for turn in range(5):
            part = self.slots.nibble(coder, salted(turn), 16 * kind + (4 if turn else 0))
            length += part
            if part < 15:
                break
        require(length <= 62, "a number is too long")
        number = 1
        for step in range(length):
            if step < 3 or length <= 6:
                contexts = salted(16 + 8 * length + step, number & WORD)
                bit = self.slots.bit(coder, contexts, 16 * kind + 8 + step)
            else:
                bit = coder.bit(32768)
            number = 2 * number + bit
        return number - 1

    def signed(self, coder, kind, a, b):
        number = self.unsigned(coder, kind, a, b)
        return -((number + 1) >> 1) if number & 1 else number >> 1


Region = namedtuple("Region", "kind length offset place size anchor")
NOTHING = Region(0, 0, 0, 0, 0, 0)
Go = namedtuple(
    "Go", "text functions count names units counters types types_end rodata data data_end"
)
Layout = namedtuple("Layout", "image_base regions go")
Pages = namedtuple("Pages", "offset page limit end")


class Control:
    """4.8: the control stream: two layouts, page hashes, blocks."""

    def __init__(self, stream, base_length, artifact_length, count):
        self.coder = Coder(stream)
        self.numbers = Numbers(5)
        self.base = self.layout(Layout(0, [], Go(*[0] * 11)), base_length)
        self.artifact = self.layout(self.base, artifact_length)
        self.pages = self.page_hashes(artifact_length)
        self.blocks = self.read_blocks(base_length, artifact_length, count)
        self.coder.finish()

    def number(self, a, b):
        return self.numbers.unsigned(self.coder, 0, a, b)

    def moved(self, start, a):
        value = start + self.numbers.signed(self.coder, 0, a, 0)
        require(0 <= value <= WORD, "a number of a layout has more than 32 bits")
        return value

    def layout(self, like, file_length):
        high, low = self.number(0, 0), self.number(0, 0)
        require(high <= WORD and low <= WORD, "the image base is too large")
        count = self.number(1, 0)
        require(count <= 4096, "too many regions")
        regions = []
        for i in range(count):
            before = regions[-1] if regions else NOTHING
            region = self.region(like.regions[i] if i < len(like.regions) else None, before)
            require(region.offset + region.length <= file_length, "a region outside of its file")
            require(region.size >= region.length, "a region is larger in the file")
            require(region.place + region.size <= WORD, "a place is too large")
            if region.length and regions:
                sorted_and_apart = region.offset >= before.offset + before.length
                require(before.length and sorted_and_apart, "regions are not sorted and apart")
            regions.append(region)
        require(sum(region.kind == 8 for region in regions) <= 1, "two tables of functions")
        return Layout(high << 32 | low, regions, Go(*[self.moved(old, 7) for old in like.go]))

    def region(self, like, before):
        kind = self.number(2, like.kind if like else 99)
        require(kind <= 13, "an unknown kind of region")
        length = self.moved(like.length if like else 0, 3)
        offset = self.moved(before.offset + before.length, 4) if length else 0
        if length and before.length:
            place = self.moved((before.place + offset - before.offset) & WORD, 5)
        else:
            place = self.moved((before.place + before.size) & WORD, 5)
        size = self.moved(length, 6)
        return Region(kind, length, offset, place, size, self.moved(0, 8))

    def page_hashes(self, artifact_length):
        there = self.number(9, 0)
        require(there <= 1, "page hashes are there or not")
        if not there:
            return None
        offset, page, limit = (self.number(10, 0) for _ in range(3))
        require(page in (4096, 8192, 16384, 32768, 65536), "a page of another size")
        end = offset + 32 * -(-limit // page)
        require(limit <= offset and end <= artifact_length, "page hashes elsewhere")
        return Pages(offset, page, limit, end)

    def read_blocks(self, base_length, artifact_length, count):
        coder, numbers, pages = self.coder, self.numbers, self.pages
        blocks = []
        shifts = [0] * 15
        b = a = gap_bits = length_bits = turn = 0
        for _ in range(count):
            gap = numbers.unsigned(coder, 1, gap_bits, turn)
            a += gap
            turn = numbers.unsigned(coder, 4, turn, gap.bit_length())
            require(turn <= 15, "a turn above 15")
            if turn < 15:
                shift = shifts.pop(turn)
                b = a - shift
            else:
                b += numbers.signed(coder, 3, gap.bit_length(), gap_bits)
                shift = a - b
                shifts.pop()
            shifts.insert(0, shift)
            length = 1 + numbers.unsigned(coder, 2, length_bits, turn)
            require(0 <= b and b + length <= base_length, "a block outside of the base")
            require(a + length <= artifact_length, "a block outside of the artifact")
            if pages:
                apart = a >= pages.end or a + length <= pages.offset
                require(apart, "a block overlaps the page hashes")
            blocks.append((b, a, length))
            b += length
            a += length
            gap_bits, length_bits = gap.bit_length(), length.bit_length()
        return blocks


RELATIVE, ABSOLUTE, FIXUP, ANCHORED, BRANCH, CONDITIONAL, PAGE, IN_PAGE = range(8)
Reference = namedtuple("Reference", "offset form bias anchor target")


def anchor_place(anchor, go, region):
    """4.10: where an anchor is."""
    if anchor == 1:
        return region.place
    if anchor == 10:
        return region.anchor
    names = {2: "text", 3: "functions", 4: "names", 5: "counters", 7: "data", 8: "types"}
    names[9] = "rodata"
    return getattr(go, names[anchor]) if anchor in names else 0


class References:
    """4.9: the references in a chunk of the base."""

    OPCODES = bytes.fromhex(
        "01 03 09 0B 10 11 21 23 28 29 2B 2E 2F 31 33 38 39 3A 3B 51 54 57 58 59 5C 5E 63 69 6B"
        "6E 6F 7E 7F 80 81 83 84 85 87 88 89 8A 8B 8D B6 B7 BE BF C6 C7 D4 D6 DB EB EF F6 F7 FA"
        "FB FE FF"
    )

    def __init__(self, layout, base):
        self.layout, self.go, self.base = layout, layout.go, base
        regions = layout.regions
        self.lowest = min((region.place for region in regions), default=0)
        self.highest = max((region.place + region.size for region in regions), default=0)
        self.code = [(r.place, r.place + r.size) for r in regions if r.kind in (1, 2)]
        self.code_end = max((end for _, end in self.code), default=0)
        self.rules = [
            None, self.x86, self.arm, self.pointers, self.frames, self.frame_index, self.tables,
            self.fixups, self.go_functions, self.elf_symbols, self.macho_symbols, self.anchored,
            self.go_data, self.go_types,
        ]  # fmt: skip

    def is_place(self, place):
        return self.lowest <= place < self.highest

    def is_code(self, place):
        return any(start <= place < end for start, end in self.code)

    def address(self, word):
        target = (word - self.layout.image_base) & LONG
        return target if word >= 4096 and target <= WORD and self.is_place(target) else None

    def read(self, x, size):
        """A word near the chunk; zero if it is not there as a whole."""
        if self.first <= x and x + size <= self.last:
            return int.from_bytes(self.base[x : x + size], "little")
        return 0

    def u8(self, x):
        return self.read(x, 1)

    def u32(self, x):
        return self.read(x, 4)

    def u64(self, x):
        return self.read(x, 8)

    def chunk(self, number):
        start = number * CHUNK
        end = start + CHUNK
        self.first, self.last = max(0, start - 64), min(len(self.base), end + 64)
        found = []
        for region in self.layout.regions:
            begin, to = max(region.offset, start), min(region.offset + region.length, end)
            if begin < to and region.kind:
                self.region, self.found = region, []
                self.rules[region.kind](begin, to)
                found += sorted(self.found)
        return found

    def give(self, x, form, target, bias=0, anchor=0):
        self.found.append(Reference(x, form, bias, anchor, target))

    def give_word(self, x, anchor):
        word = self.u32(x)
        if word not in (0, WORD):
            target = anchor_place(anchor, self.go, self.region) + word
            self.give(x, ANCHORED, target & WORD, anchor=anchor)

    def place(self, x):
        return (self.region.place + x - self.region.offset) & WORD

    @staticmethod
    def words(begin, to, size):
        return range(round_up(begin, size), to - size + 1, size)

    def x86(self, begin, to):
        x = begin
        while x + 5 <= to:
            target, bias = self.x86_operand(x, begin)
            if target is None:
                x += 1
            else:
                self.give(x + 1, RELATIVE, target, bias)
                x += 5

    def x86_operand(self, x, begin):
        byte, opcode = self.u8(x), self.u8(x - 1)
        behind = self.place(x + 1) + self.u32(x + 1)
        if byte in (0xE8, 0xE9) or (0x80 <= byte <= 0x8F and x > begin and opcode == 0x0F):
            target = (behind + 4) & WORD
            return (target, 4) if self.is_code(target) else (None, 4)
        if byte & 0xC7 != 5 or x < begin + 2:
            return None, 0
        long = self.u8(x - 2) == 0x0F
        if not long and opcode not in self.OPCODES:
            return None, 0
        constant = 0
        if not long and (opcode in (0x80, 0x83, 0xC6, 0x6B) or opcode == 0xF6 and not byte & 0x30):
            constant = 1
        elif not long and (opcode in (0x81, 0xC7, 0x69) or opcode == 0xF7 and not byte & 0x30):
            constant = 4
        target = (behind + 4 + constant) & WORD
        return (target, 4 + constant) if self.is_place(target) else (None, 0)

    def arm(self, begin, to):
        taken = set()
        for x in self.words(begin, to, 4):
            word, place = self.u32(x), self.place(x)
            if word & 0x7C000000 == 0x14000000:
                target = (place + 4 * signed(word, 26)) & WORD
                if self.is_code(target):
                    self.give(x, BRANCH, target)
            elif word & 0xFF000010 == 0x54000000 or word & 0x7E000000 == 0x34000000:
                target = (place + 4 * signed(word >> 5, 19)) & WORD
                if self.is_code(target):
                    self.give(x, CONDITIONAL, target)
            elif word & 0x9F000000 == 0x90000000:
                pages = signed(get_number(PAGE, word), 21)
                page = ((place & ~0xFFF) + 4096 * pages) & WORD
                target = self.arm_offset(x, to, word & 31, page, taken)
                if self.is_place(target):
                    self.give(x, PAGE, target)

    def arm_offset(self, x, to, register, page, taken):
        """Looks for the offset in the page behind an ADRP, and gives the target of both."""
        for y in range(x + 4, min(x + 28, to - 4) + 1, 4):
            word = self.u32(y)
            scale = None
            if word & 0xFF800000 == 0x91000000:
                scale = 0
            elif word & 0x3B000000 == 0x39000000:
                scale = 4 if word & 0x04800000 == 0x04800000 else word >> 30
            if scale is not None and word >> 5 & 31 == register:
                target = (page + ((word >> 10 & 0xFFF) << scale)) & WORD
                if self.is_place(target) and y not in taken:
                    taken.add(y)
                    self.give(y, IN_PAGE, target, scale)
                return target
            if word & 0x9F00001F == 0x90000000 | register:
                break
        return page

    def pointer(self, x):
        """Gives the word at x, if it is an address."""
        target = self.address(self.u64(x))
        if target is not None:
            self.give(x, ABSOLUTE, target)
        return target is not None

    def pointers(self, begin, to):
        for x in self.words(begin, to, 8):
            self.pointer(x)

    def frames(self, begin, to):
        for x in self.words(begin, to, 4):
            word = self.u32(x)
            target = (self.place(x) + word) & WORD
            if word and self.is_code(target):
                self.give(x, RELATIVE, target)

    def frame_index(self, begin, to):
        for x in self.words(begin, to, 4):
            if x >= self.region.offset + 12:
                self.give(x, ANCHORED, (self.region.place + self.u32(x)) & WORD, anchor=1)

    def tables(self, begin, to):
        for x in self.words(begin, to, 4):
            word = self.u32(x)
            if word > 4096 and self.is_place(word):
                self.give(x, ANCHORED, word)

    def fixups(self, begin, to):
        image_base = self.layout.image_base
        for x in self.words(begin, to, 8):
            word = self.u64(x)
            number = get_number(FIXUP, word)
            target = number if number < image_base else number - image_base
            if not word >> 63 and number > 16384 and target <= WORD and self.is_place(target):
                self.give(x, FIXUP, target)

    def go_functions(self, begin, to):
        base, table, count = self.base, self.region.offset, self.go.count
        free = begin

        def word(x, size=4):
            return int.from_bytes(base[x : x + size], "little") if x + size <= len(base) else 0

        def give(x, anchor):
            nonlocal free
            value = word(x)
            if x >= free and x + 4 <= to and value not in (0, WORD):
                target = anchor_place(anchor, self.go, self.region) + value
                self.give(x, ANCHORED, target & WORD, anchor=anchor)
                free = x + 4

        def record(j):
            return min(WORD, table + word(min(WORD, table + min(WORD, 8 * j) + 4)))

        for x in range(round_up(begin, 4), min(to, table + 8 * count, WORD), 4):
            give(x, 3 if (x - table) % 8 else 2)
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            if record(middle) < begin:
                low = middle + 1
            else:
                high = middle
        before = None
        for j in range(low, count):
            start = record(j)
            if not begin <= start < to or (before is not None and start < before + 44):
                break
            before = start
            fields = [(0, 2), (4, 4), (16, 5), (20, 5), (24, 5), (32, 6)]
            numbers = word(start + 28)
            if numbers <= 64:
                fields += [(44 + 4 * i, 5) for i in range(numbers)]
                more = word(start + 43, 1)
                fields += [(44 + 4 * (numbers + i), 7) for i in range(more)]
            for offset, anchor in fields:
                give(start + offset, anchor)

    def symbols(self, begin, to, size):
        first = begin - (begin - self.region.offset) % size
        for x in range(first, to, size):
            word = self.u32(x)
            if word and x >= begin and x + 4 <= to:
                self.give(x, ANCHORED, (self.region.anchor + word) & WORD, anchor=10)
            if x + 8 >= begin and x + 16 <= to:
                self.pointer(x + 8)

    def elf_symbols(self, begin, to):
        self.symbols(begin, to, 24)

    def macho_symbols(self, begin, to):
        self.symbols(begin, to, 16)

    def anchored(self, begin, to):
        for x in self.words(begin, to, 4):
            word = self.u32(x)
            if word != WORD:
                self.give(x, ANCHORED, (self.region.anchor + word) & WORD, anchor=10)

    def go_data(self, begin, to):
        go = self.go
        x = round_up(begin, 4)
        while x + 16 <= to:
            w = [self.u32(x + 4 * i) for i in range(4)]
            inlined = w[0] == 0 and 64 <= w[1] < go.units - go.names
            on_stack = abs(signed(w[0], 32)) < 1 << 20 and 0 < w[1] < 1 << 24
            if inlined and w[2] < 1 << 20 and 0 < w[3] < 1 << 17:
                self.give(x + 4, ANCHORED, (go.names + w[1]) & WORD, anchor=4)
                x += 16
            elif on_stack and 0 < w[2] <= w[1] and w[2] % 8 == 0 and 0 < w[3] < 1 << 28:
                self.give(x + 12, ANCHORED, (go.rodata + w[3]) & WORD, anchor=9)
                x += 16
            else:
                x += 4

    def go_types(self, begin, to):
        types = max(0, self.go.types_end - self.go.types)
        code = max(0, self.code_end - self.go.text)

        def is_function(word):
            return word == WORD or (0 < word < code and word % 16 == 0)

        x = round_up(begin, 4)
        while x + 4 <= to:
            if x % 8 == 0 and x + 8 <= to:
                if self.pointer(x):
                    x += 8
                    continue
                if self.is_type(x - 40, types):
                    self.give_word(x, 8)
                    self.give_word(x + 4, 8)
                    x += 8
                    continue
            if x + 16 <= to and 0 < self.u32(x) < types:
                w = [self.u32(x + 4 * i) for i in range(4)]
                if w[1] < types and is_function(w[2]) and is_function(w[3]):
                    for i, anchor in enumerate((8, 8, 2, 2)):
                        self.give_word(x + 4 * i, anchor)
                    x += 16
                    continue
                counts = (w[1] & 0xFFFF) >= (w[1] >> 16)
                if counts and 16 <= w[2] < 8192 and w[2] % 4 == 0 and w[3] == 0:
                    self.give_word(x, 8)
                    x += 16
                    continue
            x += 4

    def is_type(self, y, types):
        def is_pointer(word):
            target = (word - self.layout.image_base) & LONG
            return word == 0 or (target <= WORD and self.is_place(target))

        return (
            self.u8(y + 21) in (1, 2, 4, 8)
            and self.u8(y + 21) == self.u8(y + 22)
            and 1 <= self.u8(y + 23) % 32 <= 26
            and self.u64(y + 8) <= self.u64(y) < 1 << 40
            and self.u64(y + 8) % 8 == 0
            and is_pointer(self.u64(y + 24))
            and is_pointer(self.u64(y + 32))
            and 0 < self.u32(y + 40) < types
            and self.u32(y + 44) < types
        )


NUMBER_BITS = [32, 64, 36, 32, 26, 19, 21, 12]
NUMBER_AT = [0, 0, 0, 0, 0, 5, 5, 10]


def get_number(form, word):
    """4.10: the number of a field."""
    if form == PAGE:
        return (word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3
    return word >> NUMBER_AT[form] & (1 << NUMBER_BITS[form]) - 1


def set_number(form, word, number):
    """4.10: the word with another number."""
    mask = (1 << NUMBER_BITS[form]) - 1
    number &= mask
    if form == PAGE:
        rest = word & ~(0x7FFFF << 5 | 3 << 29)
        return rest | number >> 2 << 5 | (number & 3) << 29
    return word & ~(mask << NUMBER_AT[form]) | number << NUMBER_AT[form]


class Places:
    """4.10 and 4.11: where bytes of the artifact are, and what became of targets."""

    def __init__(self, control, logarithm):
        self.artifact = control.artifact
        self.regions = [region for region in self.artifact.regions if region.length]
        self.starts = [region.offset for region in self.regions]
        in_base = [region for region in control.base.regions if region.length]
        self.by_place = sorted(in_base, key=lambda region: region.place)
        self.places = [region.place for region in self.by_place]
        self.blocks = sorted(control.blocks)
        self.block_starts = [block[0] for block in self.blocks]
        self.learned = [(0, 0)] * (1 << logarithm)
        self.near = [(0, 0)] * (1 << (logarithm - 3))

    def region(self, offset):
        """The artifact's region that holds a byte."""
        i = bisect.bisect_right(self.starts, offset) - 1
        if i >= 0 and offset < self.regions[i].offset + self.regions[i].length:
            return self.regions[i]
        return NOTHING

    def place(self, offset):
        region = self.region(offset)
        if region is NOTHING:
            return offset ^ 0x80000000
        return (region.place + offset - region.offset) & WORD

    @staticmethod
    def key(target, anchor):
        return target ^ 0x90000000 if anchor == 6 else target

    @staticmethod
    def hash(key):
        h = (key * GOLDEN) & WORD
        return h ^ (h >> 15)

    def bucket(self, key):
        start = self.hash(key) & (len(self.learned) - 1) & ~7
        return range(start, start + 8)

    def near_index(self, key):
        return self.hash(key >> 8) & (len(self.near) - 1)

    def learn(self, key, became):
        if key == 0:
            return
        self.near[self.near_index(key)] = (key, became)
        bucket = self.bucket(key)
        free = (i for i in bucket if self.learned[i][0] in (key, 0))
        self.learned[next(free, bucket[self.hash(key) % 8])] = (key, became)

    def find(self, target, anchor):
        """What a target probably became, and the source."""
        key = self.key(target, anchor)
        if key:
            for i in self.bucket(key):
                if self.learned[i][0] == key:
                    return self.learned[i][1], 0
        moved, away = 0, WORD
        offset = None if anchor == 6 else self.base_offset(target)
        if offset is not None:
            became, shift, away = self.by_blocks(offset)
            if became is not None:
                return became, 1
            moved = (self.place((offset + shift) & WORD) - target) & WORD
        neighbour = self.neighbour(key)
        if neighbour and neighbour[0] < away:
            moved = neighbour[1]
        return (target + moved) & WORD, 2

    def base_offset(self, target):
        i = bisect.bisect_right(self.places, target) - 1
        if i >= 0 and target < self.by_place[i].place + self.by_place[i].length:
            return self.by_place[i].offset + target - self.by_place[i].place
        return None

    def by_blocks(self, offset):
        """Where a byte went, if a block holds it; else the nearest shift, and how far it is."""
        count = bisect.bisect_right(self.block_starts, offset)
        last = self.blocks[max(0, count - 6) : count]
        best = None
        for block in last:
            b, _, length = block
            if offset < b + length and (best is None or length >= best[2]):
                best = block
        if best:
            return self.place(offset - best[0] + best[1]), 0, WORD
        shift, away = 0, WORD
        if last:
            b, a, length = last[-1]
            shift, away = a - b, offset - b - length
        if count < len(self.blocks) and self.block_starts[count] - offset < away:
            b, a, _ = self.blocks[count]
            shift, away = a - b, b - offset
        return None, shift, away

    def neighbour(self, key):
        best = None
        for near in (key, (key - 256) & WORD, (key + 256) & WORD):
            other, became = self.near[self.near_index(near)]
            if other and other >> 8 == near >> 8:
                away = abs(other - key)
                if best is None or away < best[0]:
                    best = away, (became - other) & WORD
        return best

    def number(self, reference, target, word, offset):
        """4.10: the number for a target, of a field at this offset of the artifact."""
        form, image_base, place = reference.form, self.artifact.image_base, self.place(offset)
        if form == RELATIVE:
            return target - place - reference.bias
        if form == ABSOLUTE:
            return image_base + target
        if form == FIXUP:
            return target + (0 if get_number(FIXUP, word) < image_base else image_base)
        if form == ANCHORED:
            return target - self.anchor(reference, offset)
        if form in (BRANCH, CONDITIONAL):
            return signed(target - place, 32) >> 2
        if form == PAGE:
            return (target >> 12) - (place >> 12)
        return (target & 4095) >> reference.bias

    def target(self, reference, word, offset, page):
        """4.10: the target of a field's word."""
        form, image_base, place = reference.form, self.artifact.image_base, self.place(offset)
        number = get_number(form, word)
        if form == RELATIVE:
            target = place + reference.bias + number
        elif form == ABSOLUTE:
            target = number - image_base
        elif form == FIXUP:
            target = number if number < image_base else number - image_base
        elif form == ANCHORED:
            target = self.anchor(reference, offset) + number
        elif form in (BRANCH, CONDITIONAL):
            target = place + 4 * signed(number, NUMBER_BITS[form])
        elif form == PAGE:
            target = (place & ~4095) + 4096 * signed(number, 21)
        else:
            target = page + (number << reference.bias)
        return target & WORD

    def anchor(self, reference, offset):
        return anchor_place(reference.anchor, self.artifact.go, self.region(offset))


class Literals:
    """4.13: bytes in gaps."""

    def __init__(self, coder):
        self.coder = coder
        self.model = Lines(4, 24)
        self.history = bytearray()
        self.seen = [0] * 65536
        self.last = self.good = 0
        self.expected = None

    def part(self, beside, length, start, kind):
        out = bytearray()
        right = 0
        for i in range(length):
            old = beside[i] if i < len(beside) else 256
            byte = self.byte(old, right, start + i, kind)
            right = min(right + 1, 7) if byte == old else 0
            out.append(byte)
        return out

    def byte(self, old, right, x, kind):
        guess = sure = 0
        if self.expected is not None:
            guess, sure = self.history[self.expected] + 256, min(self.good, 15)
        last = self.last
        contexts = [
            context(kind, last & 255, 1),
            context(last & 65535, 2),
            context(old, right, last & 255, 5),
            context(guess, sure, 7 + x % 4),
        ]
        chosen = 3 * min(sure, 3) + min(right, 2) + (0 if kind else 12)
        byte = self.model.byte(self.coder, contexts, chosen)
        self.remember(byte)
        return byte

    def remember(self, byte):
        if self.expected is not None:
            if self.history[self.expected] == byte:
                self.expected += 1
                self.good += 1
            else:
                self.expected = None
        self.last = (self.last << 8 | byte) & WORD
        self.history.append(byte)
        h = ((self.last * GOLDEN) & WORD) >> 16
        seen, now = self.seen[h], len(self.history)
        if self.expected is None and seen > 0 and now - seen < 1 << 20:
            self.expected, self.good = seen, 0
        self.seen[h] = now


class Differences:
    """4.14: bytes of blocks that are in no reference."""

    def __init__(self, coder):
        self.coder = coder
        self.groups = Slots(4, 16, 64)
        self.flags = Slots(5, 18, 256)
        self.values = Lines(6, 16)
        self.nonzero = 0

    def start_block(self, length):
        self.bits = length.bit_length()
        self.done = self.history = self.differed = self.last = 0

    def behind_reference(self):
        self.differed = self.differed << 4 & LONG
        self.last = self.last << 32 & LONG

    def bytes(self, part, start, end, offset, kind):
        """The bytes from start to end of a part, which is at this offset of the base."""
        self.old, self.offset, self.kind = b"\0\0" + part + b"\0", offset, kind
        out = bytearray()
        for i in range(start, end, 32):
            size = min(32, end - i)
            if self.differs(i, size):
                out += self.group(i, size)
            else:
                out += part[i : i + size]
                self.differed = self.differed << size & LONG
                self.last = self.last << 8 * size & LONG
        return out

    def differs(self, i, size):
        kind, history = self.kind, self.history
        before, now = self.old[i + 1], self.old[i + 2]
        contexts = [
            context(kind, history & 255, size),
            context(kind, history & 7, self.bits, min(self.done, 64) >> 2),
            context(now, size, before, kind),
            context(history & 65535, self.differed & 255),
        ]
        differs = self.groups.bit(self.coder, contexts, 2 * kind + (history & 1))
        self.history = (history << 1 | differs) & WORD
        self.done += size
        return differs

    def group(self, start, size):
        kind, out = self.kind, bytearray()
        some = 0
        for j in range(start, start + size):
            before2, before, now, after = self.old[j : j + 4]
            left = start + size - j
            aligned, recent = (self.offset + j) % 8, self.differed & 15
            differs = 1
            if some or left > 1:
                contexts = [
                    context(kind, recent, left, some),
                    context(now, before, some, recent & 1),
                    context(now, before, before2, after),
                    context(kind, aligned, self.differed & 255, some),
                    context(self.differed & 65535, now),
                ]
                differs = self.flags.bit(self.coder, contexts, 16 * kind + recent)
            self.differed = (self.differed << 1 | differs) & LONG
            value = 0
            if differs:
                some, recent, v = 1, self.differed >> 1 & 3, self.last & 255
                contexts = [
                    context(kind, v, recent),
                    context(now, kind),
                    context(now, before, v),
                    context(self.nonzero, aligned, recent),
                    context(self.last & 65535, before),
                    context(now, before, before2),
                ]
                value = self.values.byte(self.coder, contexts, 4 * recent + min(kind, 3))
                self.nonzero = value
            out.append((now + value) & 255)
            self.last = (self.last << 8 | value) & LONG
        return out


class Fields:
    """4.15: references of blocks."""

    def __init__(self, coder, places):
        self.coder, self.places = coder, places
        self.hits = Slots(5, 18, 128)
        self.ways = Slots(3, 14, 32)
        self.other = Slots(3, 16, 64)
        self.offs = Numbers(8)
        self.wrong = 0
        self.recent = [0] * 4
        self.pages = [(WORD, 0)] * 8

    def field(self, reference, old, offset):
        """The new bytes of a field."""
        form, anchor, target = reference.form, reference.anchor, reference.target
        word = int.from_bytes(old, "little")
        became, source = self.places.find(target, anchor)
        number = self.places.number(reference, became, word, offset)
        predicted = set_number(form, word, number)
        k, wrong = 16 * form + anchor, self.wrong
        contexts = [
            context(k, source, wrong & 255),
            context(k, source, wrong & 3, 1 if predicted == word else 0),
            context(k, source, target >> 8),
            context(k, source, (((became - target) * GOLDEN) & WORD) >> 20),
            context(target, 1 if anchor == 6 else 0),
        ]
        miss = self.hits.bit(self.coder, contexts, 4 * (4 * form + source) + (wrong & 3))
        self.wrong = (wrong << 1 | miss) & WORD
        new = self.missed(k, source, form, old, predicted) if miss else predicted
        self.learn(reference, new, offset)
        return new.to_bytes(len(old), "little")

    def way(self, k, source, form, *salt):
        contexts = [
            context(k, *salt),
            context(k, source, *salt),
            context(k, source, self.wrong & 15, *salt),
        ]
        return self.ways.nibble(self.coder, contexts, 4 * form)

    def missed(self, k, source, form, old, predicted):
        way = self.way(k, source, form)
        require(1 <= way <= 4, "an unknown way")
        if way == 1:
            return int.from_bytes(old, "little")
        if way == 4:
            return self.spelled(k, old)
        if way == 2:
            i = self.way(k, source, form, 1)
            require(i <= 3, "a distance that is not remembered")
            off = self.recent.pop(i)
        else:
            off = self.offs.signed(self.coder, form, source, k)
            self.recent.pop()
        self.recent.insert(0, off)
        return set_number(form, predicted, get_number(form, predicted) + off)

    def spelled(self, k, old):
        new = bytearray()
        for i, byte in enumerate(old):
            before = new[-1] if new else 0
            contexts = [context(k, i), context(k, i, byte), context(k, i, before)]
            new.append((byte + self.other.byte(self.coder, contexts, i)) & 255)
        return int.from_bytes(new, "little")

    def learn(self, reference, word, offset):
        page = 0
        if reference.form == PAGE:
            target = self.places.target(reference, word, offset, 0)
            self.pages = [(reference.target, target)] + self.pages[:7]
            return
        if reference.form == IN_PAGE:
            pages = (page for target, page in self.pages if target == reference.target)
            page = next(pages, None)
            if page is None:
                return
        key = self.places.key(reference.target, reference.anchor)
        self.places.learn(key, self.places.target(reference, word, offset, page))


class Decoder:
    """4.12: the content stream."""

    def __init__(self, control, stream, base, length, logarithm):
        self.control, self.base, self.length = control, base, length
        self.coder = Coder(stream)
        self.references = References(control.base, base)
        self.places = Places(control, logarithm)
        self.literals = Literals(self.coder)
        self.differences = Differences(self.coder)
        self.fields = Fields(self.coder, self.places)
        self.chunks = {}
        self.loads = 4096 + 32 * ((len(base) + length) // CHUNK)
        self.out = bytearray()

    def load(self, number):
        loaded = self.chunks.get(number % 1024)
        if loaded is None or loaded[0] != number:
            require(self.loads > 0, "too many loads of chunks")
            self.loads -= 1
            loaded = number, self.references.chunk(number)
            self.chunks[number % 1024] = loaded
        return loaded[1]

    def run(self):
        at = behind = 0
        pages = self.control.pages
        for b, a, length in self.control.blocks + [(0, self.length, 0)]:
            if pages and at <= pages.offset < a:
                self.gap(at, pages.offset, behind)
                self.hash_pages(pages)
                self.gap(pages.end, a, behind)
            else:
                self.gap(at, a, behind)
            self.block(b, a, length)
            at, behind = a + length, b + length
        self.coder.finish()
        return bytes(self.out)

    def hash_pages(self, pages):
        for start in range(0, pages.limit, pages.page):
            end = min(start + pages.page, pages.limit)
            self.out += hashlib.sha256(self.out[start:end]).digest()

    def gap(self, start, end, behind):
        for x in range(start, end, 32768):
            length = min(32768, end - x)
            b = behind + x - start
            beside = self.base[b : b + min(256, length)]
            if beside:
                for number in range(b // CHUNK, (b + len(beside) - 1) // CHUNK + 1):
                    self.load(number)
            self.out += self.literals.part(beside, length, x, self.places.region(x).kind)

    def block(self, b, a, length):
        self.differences.start_block(length)
        end = b + length
        while b < end:
            to = min(end, (b // CHUNK + 1) * CHUNK)
            self.part(b, to, a)
            a += to - b
            b = to

    def part(self, b, to, a):
        """The base's bytes from b to `to`, all of one chunk, which go to a."""
        old, kind = self.base[b:to], self.places.region(a).kind
        x = 0
        for reference in self.load(b // CHUNK):
            start = reference.offset - b
            end = start + (8 if reference.form in (ABSOLUTE, FIXUP) else 4)
            if start < 0 or end > len(old):
                continue
            self.out += self.differences.bytes(old, x, start, b, kind)
            self.out += self.fields.field(reference, old[start:end], a + start)
            self.differences.behind_reference()
            x = end
        self.out += self.differences.bytes(old, x, len(old), b, kind)


def decode(base, patch):
    """1 and 4.1: the header and its streams."""
    require(len(patch) >= 132 and patch[:8] == b"\x8faupatch", "not a patch of ours")
    version, header = struct.unpack_from("<HH", patch, 8)
    count = patch[116]
    require(version == 1, "another version of the container")
    require(header == 132 + 20 * count <= len(patch) and count <= 32, "a header of another length")
    checksum = hashlib.sha256(patch[: header - 8]).digest()[:8]
    require(patch[header - 8 : header] == checksum, "the header is damaged")
    require(patch[12:28] == b"rt1".ljust(16, b"\0"), "another format")
    require(not any(patch[117:124]), "reserved bytes are not zero")
    base_length, = struct.unpack_from("<Q", patch, 28)
    length, = struct.unpack_from("<Q", patch, 68)
    memory, = struct.unpack_from("<Q", patch, 108)
    require(base_length == len(base), "a base of another length")
    require(count == 2, "a patch of the whole artifact needs zstd, which is not done here")
    require(max(base_length, length) < 1 << 31, "base or artifact is too long")
    first, second = (struct.unpack_from("<BBBBQQ", patch, 124 + 20 * i) for i in range(2))
    blocks, logarithm = first[4], second[2]
    require(first[:4] == (1, 2, 0, 0) and blocks <= length, "a wrong control stream")
    require(second[:2] == (4, 2) and second[3:5] == (0, length), "a wrong content stream")
    require(10 <= logarithm <= 21, "a wrong number of targets to learn")
    needed = (32 << 20) + 24 * blocks + 9 * (1 << logarithm) + length // 128
    require(memory == needed, "another memory than is needed")
    middle, end = header + first[5], header + first[5] + second[5]
    require(min(first[5], second[5]) >= 8 and end == len(patch), "streams of another length")

    control = Control(patch[header:middle], base_length, length, blocks)
    artifact = Decoder(control, patch[middle:], base, length, logarithm).run()
    require(len(artifact) == length, "an artifact of another length")
    require(hashlib.sha256(artifact).digest() == patch[76:108], "another artifact came out")
    return artifact


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: rt1.py BASE PATCH OUT")
    with open(sys.argv[1], "rb") as base, open(sys.argv[2], "rb") as patch:
        try:
            artifact = decode(base.read(), patch.read())
        except Refused as error:
            sys.exit(f"refused: {error}")
    with open(sys.argv[3], "wb") as out:
        out.write(artifact)


if __name__ == "__main__":
    main()
