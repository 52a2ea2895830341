//! What an installation consists of: a pure function of the prefix.

use std::io;
use std::path::{Path, PathBuf};

use crate::entry;

/// The executable's name, everywhere.
const NAME: &str = "autoupdate-tray";

/// The icons of the list of programs, of notifications and of the session: side in pixels, and the picture.
const ICONS: [(u32, &[u8]); 3] = [
    (32, include_bytes!("../../../icons/32.png")),
    (128, include_bytes!("../../../icons/128.png")),
    (256, include_bytes!("../../../icons/256.png")),
];

/// Where things lie below a prefix, for example `~/.local`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    /// An absolute path.
    pub(super) prefix: PathBuf,
}

/// One thing that is put in place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where.
    pub(super) path: PathBuf,
    /// What.
    pub(super) what: What,
}

/// What is put in place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A copy of the executable that installs.
    Program,
    /// A link, relative to its folder.
    Link(PathBuf),
    /// A file that everybody may read.
    File(Vec<u8>),
}

impl Places {
    /// The prefix that this executable was installed below, if it was.
    pub(super) fn of_program(program: &Path) -> Option<Self> {
        let prefix = program.ancestors().nth(3)?.to_owned();
        let places = Self { prefix };
        (places.program() == program).then_some(places)
    }

    /// The executable. Its path never changes: updates replace what lies there.
    pub(super) fn program(&self) -> PathBuf {
        self.folder().join(NAME)
    }

    /// The folder of the executable, which is ours alone.
    pub(super) fn folder(&self) -> PathBuf {
        self.prefix.join("lib/autoupdate")
    }

    /// What the engine keeps beside the executable.
    pub(super) fn private(&self) -> PathBuf {
        self.folder().join(format!(".{NAME}.autoupdate"))
    }

    /// What makes it a command.
    pub(super) fn link(&self) -> PathBuf {
        self.prefix.join("bin").join(NAME)
    }

    /// Where that leads.
    pub(super) fn link_target() -> PathBuf {
        Path::new("../lib/autoupdate").join(NAME)
    }

    /// Its entry in the list of programs.
    pub(super) fn entry(&self) -> PathBuf {
        self.prefix.join("share/applications").join(format!("{NAME}.desktop"))
    }

    /// Everything, in the order in which it is put in place. The entry comes last: where it is, the installation is whole.
    ///
    /// # Errors
    /// The prefix cannot stand in the entry.
    pub(super) fn pieces(&self) -> io::Result<Vec<Piece>> {
        let piece = |path, what| Piece { path, what };
        let mut pieces =
            vec![piece(self.program(), What::Program), piece(self.link(), What::Link(Self::link_target()))];
        for (side, picture) in ICONS {
            let path = format!("share/icons/hicolor/{side}x{side}/apps/{NAME}.png");
            pieces.push(piece(self.prefix.join(path), What::File(picture.to_vec())));
        }
        let text = entry::in_list(&self.program())?;
        pieces.push(piece(self.entry(), What::File(text.into_bytes())));
        Ok(pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_where() {
        let places = Places { prefix: "/home/x/.local".into() };
        let pieces = places.pieces().unwrap();
        let paths: Vec<_> = pieces
            .iter()
            .map(|piece| piece.path.strip_prefix("/home/x/.local").unwrap().to_str().unwrap())
            .collect();
        assert_eq!(
            paths,
            [
                "lib/autoupdate/autoupdate-tray",
                "bin/autoupdate-tray",
                "share/icons/hicolor/32x32/apps/autoupdate-tray.png",
                "share/icons/hicolor/128x128/apps/autoupdate-tray.png",
                "share/icons/hicolor/256x256/apps/autoupdate-tray.png",
                "share/applications/autoupdate-tray.desktop",
            ]
        );
        assert_eq!(Places::of_program(&places.program()), Some(places));
        assert_eq!(Places::of_program(Path::new("/usr/bin/autoupdate-tray")), None);
    }

    #[test]
    fn icons_have_the_size_of_their_folder() {
        for (side, picture) in ICONS {
            // Width and height stand in the first chunk of a PNG file.
            assert_eq!(picture[16..20], side.to_be_bytes());
            assert_eq!(picture[20..24], side.to_be_bytes());
        }
    }
}
