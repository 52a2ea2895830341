//! What the desktop says about this moment.
//!
//! Every fact can be unknown: a machine without NetworkManager, UPower or a notification server has nobody to ask. What cannot
//! be known never keeps anything back, and `autoupdate why` shows it as unknown.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the desktop says about this moment. `None` = it cannot be known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Surroundings {
    /// The network is paid by volume, or is likely to be.
    pub metered: Option<bool>,
    /// There is a network.
    pub online: Option<bool>,
    /// Where the power comes from.
    pub power: Option<Power>,
    /// A window covers the whole screen: a film, a game, a talk.
    pub full_screen: Option<bool>,
    /// The person wants no notifications now.
    pub do_not_disturb: Option<bool>,
}

/// Where the power comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Power {
    /// The wall.
    Mains,
    /// A battery that is being used up.
    Battery {
        /// How full it is, 0 to 100.
        percent: u8,
    },
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mains => f.write_str("mains"),
            Self::Battery { percent } => write!(f, "battery at {percent} %"),
        }
    }
}
