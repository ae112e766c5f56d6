//! Writes every page in every state to a folder, with its assets and headers, to be looked at:
//! `cargo run -p procura-server --example gallery -- target/gallery`.

mod samples;

use std::fs;
use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/gallery".to_owned());
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("assets"))?;
    for asset in server::assets::all() {
        fs::write(folder.join(asset.path.trim_start_matches('/')), &asset.body)?;
    }
    let worlds =
        [("", samples::World::friendly()), ("-long", samples::World::long()), ("-hostile", samples::World::hostile())];
    for (suffix, world) in worlds {
        for sample in samples::all(&world) {
            fs::write(folder.join(format!("{}{suffix}.html", sample.name)), &sample.html)?;
            fs::write(folder.join(format!("{}{suffix}.csp", sample.name)), &sample.headers.content_security_policy)?;
        }
    }
    Ok(())
}
