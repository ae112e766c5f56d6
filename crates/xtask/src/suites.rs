//! The suites in other languages: each a folder with `npm test`, given the path of the binary and nothing else of ours.

use crate::command::{program, tee};
use crate::tools;
use std::path::Path;

/// A folder of tests.
pub struct Suite {
    pub name: &'static str,
    needs: &'static [fn() -> Result<(), String>],
}

/// All of them, in the order they run. A folder that is not there has no tests.
pub const SUITES: &[Suite] = &[
    Suite { name: "conformance", needs: &[tools::node, tools::python, browser] },
    Suite { name: "e2e", needs: &[tools::node, browser] },
    Suite { name: "sdk", needs: &[tools::node, browser] },
];

fn browser() -> Result<(), String> {
    tools::chromium().map(drop)
}

impl Suite {
    /// True when there is such a folder in this checkout.
    pub fn is_there(&self) -> bool {
        crate::root().join(self.name).join("package.json").is_file()
    }

    /// Installs what is missing and runs it; whether it succeeded, and what it said.
    pub fn run(&self, binary: &Path, postgres: &str) -> Result<(bool, String), String> {
        let folder = crate::root().join(self.name);
        for need in self.needs {
            need()?;
        }
        tools::npm_packages(&folder)?;
        let mut command = program("npm", &folder);
        command.arg("test").env("PROCURA_BIN", binary).env("PROCURA_TEST_POSTGRES", postgres);
        command.env("PROCURA_CHROMIUM", tools::chromium()?);
        tee(&mut command)
    }
}
