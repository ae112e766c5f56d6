//! `procura apply -f FILE`: organizations, apps and resources as a manifest says. Each line on standard output is `KIND.KEY.FIELD=value`.

use super::{Surroundings, say};
use crate::apply::{self, ApplyError};
use crate::config::Config;
use crate::failure::Failure;
use crate::opening;
use std::io::Read as _;
use std::path::Path;

pub(super) async fn run(config: &Config, around: &Surroundings, file: &Path) -> Result<(), Failure> {
    let text = read(file).map_err(|cause| Failure::new(format!("{} cannot be read: {cause}", file.display())))?;
    let seams = around.seams();
    let opened = opening::open_beside(config, &seams).await?;
    let variable = |name: &str| around.environment.get(name).map(str::to_owned);
    let folder = file.parent().unwrap_or(Path::new(""));
    let issuer = opening::issuer(config, &opened.store).await?;
    let server = apply::Server { issuer: &issuer, sealer: &opened.sealer, allow: &config.egress.allow };
    let lines = apply::run(&opened.store, &seams, &text, folder, &variable, server).await;
    for line in lines.map_err(|error| told(file, error))? {
        say(&line);
    }
    Ok(())
}

fn read(file: &Path) -> std::io::Result<String> {
    if file != Path::new("-") {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

fn told(file: &Path, error: ApplyError) -> Failure {
    match error {
        ApplyError::Fault(fault) => fault.into(),
        ApplyError::Manifest(_) => Failure::new(format!("{} {error}", file.display())),
    }
}
