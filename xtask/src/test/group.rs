//! The groups of tests, and which test belongs to which.

use super::build::{Executable, Kind};

/// A part of the tests that can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Group {
    /// The tests beside the code of every package.
    Unit,
    /// The window's page: types, components, and whether everybody can use it.
    Ui,
    /// Whole updates through engine, server and command line.
    System,
    /// The desktop app: tray, window, notifications.
    Desktop,
    /// Stage, activate, roll back; kills and faults in between.
    Install,
    /// One file per group of attacks.
    Threats,
    /// The server over HTTP.
    Server,
    /// Peers that others wrote: python-tuf, bspatch, a static host.
    Interop,
    /// Making and applying patches on real programs.
    Delta,
}

impl Group {
    pub(crate) const ALL: &[Self] = &[
        Self::Unit,
        Self::Ui,
        Self::System,
        Self::Desktop,
        Self::Install,
        Self::Threats,
        Self::Server,
        Self::Interop,
        Self::Delta,
    ];

    /// As it is typed, and as its module in the tests crate is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Ui => "ui",
            Self::System => "system",
            Self::Desktop => "desktop",
            Self::Install => "install",
            Self::Threats => "threats",
            Self::Server => "server",
            Self::Interop => "interop",
            Self::Delta => "delta",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|group| group.name() == name)
    }

    /// The group of a test in an executable, by these rules:
    ///
    /// - the tests crate's one executable has a module per group, and what lies in none is `system`;
    /// - another package's integration tests belong to the group that their file is named after
    ///   (`install.rs`, `install_kills.rs`), else to the group that their package is named after;
    /// - everything else is `unit`.
    pub(crate) fn of(executable: &Executable, test: &str) -> Self {
        match executable.kind {
            Kind::Unit => Self::Unit,
            Kind::Integration if executable.package == "autoupdate-tests" => {
                let module = test.split("::").next().unwrap_or_default();
                Self::named(module).unwrap_or(Self::System)
            }
            Kind::Integration => {
                let file = executable.target.split('_').next().unwrap_or_default();
                let package = executable.package.trim_start_matches("autoupdate-");
                Self::named(file).or_else(|| Self::named(package)).unwrap_or(Self::Unit)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, package: &str, target: &str, test: &str, expected: Group) {
        let executable =
            Executable { kind, package: package.into(), target: target.into(), ..Executable::default() };
        assert_eq!(Group::of(&executable, test), expected, "{package} {target} {test}");
    }

    #[test]
    fn every_test_belongs_to_one_group() {
        use Kind::{Integration, Unit};
        check(Unit, "autoupdate", "autoupdate", "install::journal::tests::x", Group::Unit);
        check(Integration, "autoupdate-tests", "system", "threats::patch::bomb", Group::Threats);
        check(Integration, "autoupdate-tests", "system", "system::install::x", Group::System);
        check(Integration, "autoupdate-tests", "system", "elsewhere::x", Group::System);
        check(Integration, "autoupdate-tests", "system", "x", Group::System);
        check(Integration, "autoupdate", "install_kills", "x", Group::Install);
        check(Integration, "autoupdate", "face", "x", Group::Unit);
        check(Integration, "autoupdate-server", "http", "x", Group::Server);
        check(Integration, "autoupdate-delta", "golden", "x", Group::Delta);
    }
}
