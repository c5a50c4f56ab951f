"""Find the requirements in a page of the specification.

A page is MDX. It is cut into blocks (headings, paragraphs, list items, table rows; code is
left out), blocks into sentences, and a sentence that holds a key word of RFC 2119 in capitals,
MAY aside, is a requirement. What counts as one:

- A sentence with several key words is one requirement of the strongest level; of MUST and
  MUST NOT, and of SHOULD and SHOULD NOT, the one that comes first.
- REQUIRED and SHALL count as MUST, RECOMMENDED as SHOULD, their negations likewise.
- A sentence that ends in a colon and introduces a list gives one requirement per item that has
  no key word in its own first sentence: the introduction and the item together. So each thing
  asked for stands alone. Items of items likewise.
- A table row gives one requirement per sentence with a key word; the row's first cell goes before
  it, for there stands what the row is about.
- The same sentence twice under one heading is one requirement.

A sentence is known by the SHA-256 of its text without markup, in lower case, each run of white
space one blank. The text itself stays with its owners and is never kept.
"""

import hashlib
import html
import re
from collections import Counter
from collections.abc import Iterator
from enum import Enum

import attrs

KEY_WORD = re.compile(r"\b(?:NOT\s+RECOMMENDED|(?:MUST|SHOULD|SHALL)(?:\s+NOT)?|REQUIRED|RECOMMENDED)\b")
LEVELS = {
    "MUST": "MUST",
    "SHALL": "MUST",
    "REQUIRED": "MUST",
    "MUST NOT": "MUST-NOT",
    "SHALL NOT": "MUST-NOT",
    "SHOULD": "SHOULD",
    "RECOMMENDED": "SHOULD",
    "SHOULD NOT": "SHOULD-NOT",
    "NOT RECOMMENDED": "SHOULD-NOT",
}
STRENGTH = {"MUST": 2, "MUST-NOT": 2, "SHOULD": 1, "SHOULD-NOT": 1}
TOP = "-"  # the anchor of what stands above a page's first heading


@attrs.frozen(kw_only=True)
class Requirement:
    """One thing that a page asks for."""

    page: str
    anchor: str
    level: str
    digest: str
    text: str = attrs.field(default="", eq=False, repr=False)


class Kind(Enum):
    """What a block is."""

    HEADING = "heading"
    ANCHOR = "anchor"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"
    CODE = "code"


@attrs.frozen(kw_only=True)
class Block:
    """A run of lines that belong together; `depth` is the column where it begins, marker included."""

    kind: Kind
    depth: int
    text: str


# Text in code is not markup and its full stops end nothing: while a block is cut into sentences
# it stands between two characters that no page uses.
CODE_OPEN, CODE_CLOSE = "\ue000", "\ue001"

FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})")
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
DROPPED = (
    re.compile(r"\{/\*.*?\*/\}", re.DOTALL),
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"<pre\b.*?</pre>", re.DOTALL),
    re.compile(r"<svg\b.*?</svg>", re.DOTALL),
    re.compile(r"^(?:import|export) .*$", re.MULTILINE),
)
MEMBER = re.compile(r"<(?:div|h\d)\b[^>]*?class=\"tsd-anchor-link\"[^>]*?\bid=\"(?P<id>[^\"]+)\"[^>]*>")
LIST_TAG = re.compile(r"<li\b[^>]*>")
BLOCK_TAG = re.compile(
    r"</?(?:p|div|section|ul|ol|li|aside|details|summary|h\d|table|tr|td|th"
    r"|Note|Warning|Info|Tip|Check|Card|CardGroup|Steps|Step|Tabs|Tab|Accordion|AccordionGroup)\b[^>]*>"
)
CODE_SPAN = re.compile(r"(?P<ticks>`+)(?P<code>.+?)(?P=ticks)|<code>(?P<html>.*?)</code>", re.DOTALL)
INLINE_TAG = re.compile(r"</?[A-Za-z][^>]*>")
BREAK = re.compile(r"<br\s*/?>")
LINK = re.compile(r"!?\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\])")
STARS = re.compile(r"(?<!\\)\*+")
UNDERSCORES = re.compile(r"(?<!\w)(_+)(?=\S)(.+?)(?<=\S)\1(?!\w)", re.DOTALL)
ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~])")
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]\u201d\u2019]*\s+(?=[\"'(\[\u201c\u2018]*[A-Z0-9\ue000])")
ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|resp|approx|Sec|No)\.|^\d+\.)$")
HEADING = re.compile(r"^(?P<hashes>#{1,6})\s+(?P<text>.+?)\s*#*$")
ITEM = re.compile(r"^(?P<indent>\s*)(?P<mark>[-*+]|\d+[.)])(?P<gap>\s+)(?P<text>\S.*)$")
ROW_RULE = re.compile(r"^[\s|:\-]+$")
ANCHOR_LINE = "\ue002"


def requirements(page: str, source: str) -> list[Requirement]:
    """Return what `source`, the MDX of `page`, asks for, in the order of the page."""
    found: dict[tuple[str, str], Requirement] = {}
    for anchor, text in _required_sentences(_blocks(source)):
        digest = hashlib.sha256(_normalised(text).encode()).hexdigest()
        level = _level(text)
        found.setdefault(
            (anchor, digest), Requirement(page=page, anchor=anchor, level=level, digest=digest, text=text)
        )
    return list(found.values())


def _level(text: str) -> str:
    levels = [LEVELS[" ".join(word.split())] for word in KEY_WORD.findall(text)]
    return max(levels, key=lambda level: STRENGTH[level])  # the first of equals


def _normalised(text: str) -> str:
    return " ".join(text.lower().split())


def slug(heading: str) -> str:
    """Return the anchor that a heading gets: lower case, words joined by hyphens, no punctuation."""
    words = re.sub(r"[^\w\s-]", "", _plain(heading).lower())
    return re.sub(r"[\s-]+", "-", words).strip("-")


# Blocks


def _blocks(source: str) -> list[Block]:
    blocks: list[Block] = []
    pending: list[str] = []
    state = (Kind.PARAGRAPH, 0)

    def close() -> None:
        if pending:
            blocks.append(Block(kind=state[0], depth=state[1], text=" ".join(pending)))
            pending.clear()

    for line in _lines(source):
        body = line.strip()
        if not body:
            close()
            state = (Kind.PARAGRAPH, 0)
            continue
        single = _single_line_block(line)
        if single is not None:
            close()
            blocks.append(single)
            state = (Kind.PARAGRAPH, 0)
            continue
        item = ITEM.match(line)
        if item is not None:
            close()
            state = (Kind.ITEM, len(item["indent"]))
            pending.append(item["text"])
            continue
        if not pending:
            state = (Kind.PARAGRAPH, len(line) - len(line.lstrip()))
        pending.append(body)
    close()
    return blocks


def _single_line_block(line: str) -> Block | None:
    body = line.strip()
    depth = len(line) - len(line.lstrip())
    if body.startswith(ANCHOR_LINE):
        return Block(kind=Kind.ANCHOR, depth=0, text=body[1:])
    if body == CODE_OPEN + CODE_CLOSE:
        return Block(kind=Kind.CODE, depth=depth, text="")
    heading = HEADING.match(body)
    if heading is not None:
        return Block(kind=Kind.HEADING, depth=0, text=heading["text"])
    if body.startswith("|"):
        return Block(kind=Kind.ROW, depth=depth, text=body)
    return None


def _lines(source: str) -> Iterator[str]:
    text = FRONT_MATTER.sub("", source.replace("\r\n", "\n").replace("\t", "    "))
    text = _without_fences(text)
    for pattern in DROPPED:
        text = pattern.sub("", text)
    text = MEMBER.sub(lambda match: f"\n\n{ANCHOR_LINE}{html.unescape(match['id'])}\n\n", text)
    text = LIST_TAG.sub("\n\n- ", text)
    text = BLOCK_TAG.sub("\n\n", text)
    for line in text.splitlines():
        yield re.sub(r"^\s*>\s?", "", line)


def _without_fences(text: str) -> str:
    kept: list[str] = []
    fence = ""
    for line in text.splitlines():
        match = FENCE.match(line)
        if fence:
            if match is not None and match["fence"].startswith(fence) and line.strip() == match["fence"]:
                fence = ""
        elif match is not None:
            fence = match["fence"]
            # A mark stays behind: a list after code belongs to no sentence before it.
            kept.append(match["indent"] + CODE_OPEN + CODE_CLOSE)
        else:
            kept.append(line)
    return "\n".join(kept)


# Sentences


def _plain(text: str) -> str:
    return _unmarked(text).replace(CODE_OPEN, "").replace(CODE_CLOSE, "")


def _unmarked(text: str) -> str:
    codes: list[str] = []

    def keep(match: re.Match[str]) -> str:
        code = match["code"] if match["code"] is not None else html.unescape(match["html"])
        codes.append(INLINE_TAG.sub("", code) if match["code"] is None else code)
        return CODE_OPEN + str(len(codes) - 1) + CODE_CLOSE

    text = CODE_SPAN.sub(keep, text)
    text = BREAK.sub(" ", text)
    text = INLINE_TAG.sub("", text)
    while (shorter := LINK.sub(lambda match: match["text"], text)) != text:
        text = shorter
    text = STARS.sub("", text)
    text = UNDERSCORES.sub(lambda match: match[2], text)
    text = html.unescape(ESCAPE.sub(r"\1", text))
    return re.sub(
        CODE_OPEN + r"(\d+)" + CODE_CLOSE,
        lambda match: CODE_OPEN + codes[int(match[1])].strip() + CODE_CLOSE,
        text,
    )


def _sentences(text: str) -> list[str]:
    marked = " ".join(_unmarked(text).split())
    sentences: list[str] = []
    start = 0
    for match in SENTENCE_END.finditer(marked):
        before = marked[start : match.start()]
        if before.count(CODE_OPEN) != before.count(CODE_CLOSE) or ABBREVIATION.search(before):
            continue
        sentences.append(marked[start : match.end()])
        start = match.end()
    sentences.append(marked[start:])
    return [
        sentence.replace(CODE_OPEN, "").replace(CODE_CLOSE, "").strip()
        for sentence in sentences
        if sentence.strip()
    ]


def _required_sentences(blocks: list[Block]) -> Iterator[tuple[str, str]]:
    anchor = TOP
    seen: Counter[str] = Counter()
    index = 0
    while index < len(blocks):
        block = blocks[index]
        texts: list[str] = []
        index += 1
        match block.kind:
            case Kind.HEADING:
                anchor = slug(block.text)
                seen[anchor] += 1
                if seen[anchor] > 1:
                    anchor = f"{anchor}-{seen[anchor]}"
            case Kind.ANCHOR:
                anchor = block.text
            case Kind.ROW:
                texts = _row_sentences(block.text)
            case Kind.PARAGRAPH | Kind.ITEM:
                texts, index = _with_its_list(blocks, index - 1, "")
            case Kind.CODE:
                pass
        for text in texts:
            yield anchor, text


def _with_its_list(blocks: list[Block], index: int, introduction: str) -> tuple[list[str], int]:
    """Return the required sentences of the block at `index` and of the list it introduces.

    Also returns the index of the first block that was not used. `introduction` is what a list's
    introduction asks of each item, or empty.
    """
    block = blocks[index]
    sentences = _sentences(block.text)
    if introduction and _inherits(sentences):
        own = " ".join(sentence for sentence in sentences if not KEY_WORD.search(sentence))
        sentences = [f"{introduction} {own}", *_required(sentences)]
    following = index + 1
    last = sentences[-1] if sentences else ""
    introduces = last.endswith(":") and KEY_WORD.search(last) is not None
    if not introduces or not _is_item_of(blocks, following, block):
        return _required(sentences), following
    items: list[str] = []
    inherited = False
    depth = blocks[following].depth
    while _is_item_of(blocks, following, block) and blocks[following].depth == depth:
        inherited = inherited or _inherits(_sentences(blocks[following].text))
        texts, following = _with_its_list(blocks, following, last)
        under_the_item, following = _rest_of_item(blocks, following, depth)
        items += [*texts, *under_the_item]
    if inherited:
        sentences.pop()
    return _required(sentences) + items, following


def _inherits(sentences: list[str]) -> bool:
    return bool(sentences) and not KEY_WORD.search(sentences[0])


def _required(sentences: list[str]) -> list[str]:
    return [sentence for sentence in sentences if KEY_WORD.search(sentence)]


def _is_item_of(blocks: list[Block], index: int, block: Block) -> bool:
    if index >= len(blocks) or blocks[index].kind is not Kind.ITEM:
        return False
    if block.kind is Kind.ITEM:
        return blocks[index].depth > block.depth
    return blocks[index].depth >= block.depth


def _rest_of_item(blocks: list[Block], index: int, depth: int) -> tuple[list[str], int]:
    """Return the required sentences of what is indented under an item, which inherits nothing."""
    found: list[str] = []
    while index < len(blocks) and blocks[index].depth >= depth:
        block = blocks[index]
        if block.depth == depth:
            break
        if block.kind in {Kind.PARAGRAPH, Kind.ITEM}:
            texts, index = _with_its_list(blocks, index, "")
            found.extend(texts)
            continue
        if block.kind is Kind.ROW:
            found.extend(_row_sentences(block.text))
        index += 1
    return found, index


def _row_sentences(row: str) -> list[str]:
    if ROW_RULE.match(row):
        return []
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]
    head = _plain(cells[0])
    found = _required(_sentences(cells[0]))
    for cell in cells[1:]:
        found += [f"{head}: {text}" for text in _required(_sentences(cell))]
    return found
