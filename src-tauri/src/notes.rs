//! Release notes, made inert: Markdown in, a small tree of plain text out.
//!
//! The window builds its elements from this tree, so nothing that a publisher wrote is ever markup there. Links keep their
//! words and lose their target, images are their description, HTML is dropped. Controls and marks that turn the direction
//! of text are taken out: with them a text can show other words than it holds.

use std::iter::Peekable;

use autoupdate::handle::VersionNotes;
use autoupdate::text::plain;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use serde::Serialize;

/// Nodes of one tree; what comes after is left out. Stops notes that are made to be slow.
const MAX_NODES: usize = 2_000;
/// How deep lists and quotes may lie in each other.
const MAX_DEPTH: usize = 8;

/// A part of the notes that stands alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Block {
    /// A heading.
    Heading {
        /// Its words.
        words: Vec<Inline>,
    },
    /// A paragraph.
    Paragraph {
        /// Its words.
        words: Vec<Inline>,
    },
    /// A list.
    List {
        /// Whether its items are numbered.
        ordered: bool,
        /// Its items.
        items: Vec<Vec<Block>>,
    },
    /// Lines as they are.
    Code {
        /// The lines.
        text: String,
    },
}

/// Words in a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Inline {
    /// Plain.
    Text {
        /// The words.
        text: String,
    },
    /// Strong or emphasised.
    Strong {
        /// The words.
        text: String,
    },
    /// Code.
    Code {
        /// The words.
        text: String,
    },
}

/// The notes as a tree.
#[must_use]
pub fn parse(markdown: &str) -> Vec<Block> {
    let mut reader = Reader { events: Parser::new(markdown).peekable(), left: MAX_NODES };
    let mut blocks = Vec::new();
    while reader.events.peek().is_some() && reader.left > 0 {
        blocks.extend(reader.blocks(0));
    }
    blocks
}

/// The notes of the offered version, then those of the versions that it leaves out, each below its name.
#[must_use]
pub fn all(offered: Option<&str>, earlier: &[VersionNotes]) -> Vec<Block> {
    let mut blocks = offered.map(parse).unwrap_or_default();
    for VersionNotes { version, text } in earlier {
        // Each is read by itself: what one publisher's hand left open ends with it.
        let words = vec![Inline::Text { text: version.to_string() }];
        blocks.push(Block::Heading { words });
        blocks.extend(parse(text));
        if blocks.len() > MAX_NODES {
            break;
        }
    }
    blocks.truncate(MAX_NODES);
    blocks
}

struct Reader<'a> {
    events: Peekable<Parser<'a>>,
    left: usize,
}

impl Reader<'_> {
    /// The blocks up to the end of the one that contains them.
    fn blocks(&mut self, depth: usize) -> Vec<Block> {
        let mut blocks = Vec::new();
        while let Some(event) = self.events.next() {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            if depth > MAX_DEPTH && matches!(event, Event::Start(_)) {
                self.skip();
                continue;
            }
            match event {
                Event::Start(Tag::Heading { .. }) => {
                    let words = self.words(None);
                    blocks.push(Block::Heading { words });
                }
                Event::Start(Tag::Paragraph) => {
                    let words = self.words(None);
                    push(&mut blocks, words);
                }
                Event::Start(Tag::CodeBlock(_)) => {
                    let text = self.words(None).into_iter().map(Inline::into_text).collect::<String>();
                    blocks.push(Block::Code { text });
                }
                Event::Start(Tag::HtmlBlock) => drop(self.words(None)),
                Event::Start(Tag::List(first)) => {
                    let inner = self.blocks(depth + 1);
                    let items = inner.into_iter().map(|item| match item {
                        Block::List { mut items, .. } if items.len() == 1 => items.remove(0),
                        other => vec![other],
                    });
                    blocks.push(Block::List { ordered: first.is_some(), items: items.collect() });
                }
                // An item comes to its list as a list of one.
                Event::Start(Tag::Item) => {
                    let item = self.blocks(depth + 1);
                    blocks.push(Block::List { ordered: false, items: vec![item] });
                }
                Event::Start(_) => blocks.extend(self.blocks(depth + 1)),
                Event::End(_) => return blocks,
                // Words of a tight list's item stand in no paragraph.
                words => {
                    let words = self.words(Some(words));
                    push(&mut blocks, words);
                }
            }
        }
        blocks
    }

    /// Leaves out what has just begun, to its end.
    fn skip(&mut self) {
        let mut open = 1_usize;
        while open > 0 {
            match self.events.next() {
                Some(Event::Start(_)) => open += 1,
                Some(Event::End(_)) => open -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }

    /// Words up to the end of their block, or up to a block inside of it.
    fn words(&mut self, first: Option<Event<'_>>) -> Vec<Inline> {
        let inside = first.is_some();
        let (mut words, mut strong) = (Vec::new(), 0_usize);
        if let Some(first) = first {
            word(&mut words, first, false);
        }
        loop {
            match self.events.peek() {
                Some(Event::Start(tag)) if is_block(tag) => return words,
                Some(Event::End(end)) if is_block_end(*end) => {
                    if !inside {
                        self.events.next();
                    }
                    return words;
                }
                Some(_) => {}
                None => return words,
            }
            self.left = self.left.saturating_sub(1);
            match self.events.next() {
                Some(Event::Start(Tag::Strong | Tag::Emphasis)) => strong += 1,
                Some(Event::End(TagEnd::Strong | TagEnd::Emphasis)) => strong = strong.saturating_sub(1),
                Some(event) if self.left > 0 => word(&mut words, event, strong > 0),
                Some(_) => {}
                None => return words,
            }
        }
    }
}

fn push(blocks: &mut Vec<Block>, words: Vec<Inline>) {
    if !words.is_empty() {
        blocks.push(Block::Paragraph { words });
    }
}

const fn is_block(tag: &Tag<'_>) -> bool {
    !matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. })
}

const fn is_block_end(end: TagEnd) -> bool {
    !matches!(end, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

fn word(words: &mut Vec<Inline>, event: Event<'_>, strong: bool) {
    let next = match event {
        Event::Text(text) if strong => Inline::Strong { text: plain(&text) },
        Event::Text(text) => Inline::Text { text: plain(&text) },
        Event::Code(text) => Inline::Code { text: plain(&text) },
        Event::SoftBreak | Event::HardBreak => Inline::Text { text: " ".to_owned() },
        _ => return,
    };
    match (words.last_mut(), next) {
        (Some(Inline::Text { text: before }), Inline::Text { text }) => before.push_str(&text),
        (Some(Inline::Strong { text: before }), Inline::Strong { text }) => before.push_str(&text),
        (_, next) => words.push(next),
    }
}

impl Inline {
    fn into_text(self) -> String {
        match self {
            Self::Text { text } | Self::Strong { text } | Self::Code { text } => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_name_and_hides_no_other() {
        let of = |version: &str, text: &str| VersionNotes {
            version: crate::testing::version(version),
            text: text.to_owned(),
        };
        let blocks = all(Some("new"), &[of("7.1.5", "```\nleft open"), of("7.1.2", "older")]);
        let shown = serde_json::to_value(&blocks).unwrap();
        let kinds: Vec<_> =
            shown.as_array().unwrap().iter().map(|block| block["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["paragraph", "heading", "code", "heading", "paragraph"]);
        assert_eq!(all(None, &[]), []);
    }

    fn text(text: &str) -> Inline {
        Inline::Text { text: text.to_owned() }
    }

    fn paragraph(words: &str) -> Block {
        Block::Paragraph { words: vec![text(words)] }
    }

    fn check(markdown: &str, expected: &[Block]) {
        assert_eq!(parse(markdown), expected, "{markdown:?}");
    }

    #[test]
    fn the_shapes_of_notes() {
        check("", &[]);
        check("# New\n\nOne\ntwo.", &[Block::Heading { words: vec![text("New")] }, paragraph("One two.")]);
        let strong = Inline::Strong { text: "fast".to_owned() };
        let code = Inline::Code { text: "-q".to_owned() };
        check(
            "Very **fast** with `-q`.",
            &[Block::Paragraph { words: vec![text("Very "), strong, text(" with "), code, text(".")] }],
        );
        check("```\na\n  b\n```", &[Block::Code { text: "a\n  b\n".to_owned() }]);
    }

    #[test]
    fn lists_keep_their_items() {
        let list = |ordered, items: Vec<Vec<Block>>| Block::List { ordered, items };
        check("- a\n- b", &[list(false, vec![vec![paragraph("a")], vec![paragraph("b")]])]);
        check("1. a\n\n2. b", &[list(true, vec![vec![paragraph("a")], vec![paragraph("b")]])]);
        let inner = list(false, vec![vec![paragraph("c")]]);
        check("- a\n  - c\n- b", &[list(false, vec![vec![paragraph("a"), inner], vec![paragraph("b")]])]);
    }

    #[test]
    fn nothing_is_markup_any_more() {
        check("[here](javascript:alert(1)) ![pic](http://x/y.svg)", &[paragraph("here pic")]);
        check("<script>alert(1)</script>\n\nafter", &[paragraph("after")]);
        check("a <b onclick=x>c</b> d", &[paragraph("a c d")]);
        check("abc\u{202e}fed\u{0007}\u{2066}!", &[paragraph("abcfed!")]);
    }

    #[test]
    fn notes_that_are_made_to_be_slow_are_cut() {
        let deep = parse(&">".repeat(10_000));
        assert!(deep.len() <= MAX_NODES);
        let many = parse(&"- x\n".repeat(100_000));
        assert!(serde_json::to_string(&many).unwrap().len() < 200_000);
        let nested: String = (0..200).map(|depth| format!("{}- x\n", "  ".repeat(depth))).collect();
        assert!(!parse(&nested).is_empty());
    }
}
