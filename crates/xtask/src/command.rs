//! Running other programs: their output is shown as it comes, and kept where somebody wants to count in it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Runs a program to its end; an error unless it succeeds.
pub fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|cause| format!("{}: {cause}", name(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", name(command))) }
}

/// Runs a program, shows what it says, and gives it back with whether it succeeded.
pub fn tee(command: &mut Command) -> Result<(bool, String), String> {
    let trouble = |cause: std::io::Error| cause.to_string();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(trouble)?;
    let said = Arc::new(Mutex::new(String::new()));
    let out = child.stdout.take().map(|stream| echo(stream, &said));
    let err = child.stderr.take().map(|stream| echo(stream, &said));
    let status = child.wait().map_err(trouble)?;
    for reader in [out, err].into_iter().flatten() {
        let _ = reader.join();
    }
    let said = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok((status.success(), said))
}

fn echo(stream: impl Read + Send + 'static, said: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let said = said.clone();
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).into_owned();
            print!("{text}");
            said.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
            line.clear();
        }
    })
}

/// What a program prints on standard output; an error unless it succeeds.
pub fn capture(command: &mut Command) -> Result<String, String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|cause| format!("{}: {cause}", name(command)))?;
    if !output.status.success() {
        return Err(format!("{}: {}", name(command), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// True when the program runs and succeeds; it says nothing.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The first of these programs that is on the path or in one of the folders.
pub fn find(names: &[&str], folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places: Vec<PathBuf> = std::env::split_paths(&path).chain(folders.iter().cloned()).collect();
    let in_place = |name: &&str| places.iter().map(|place| place.join(name)).find(|file| file.is_file());
    names.iter().find_map(in_place)
}

/// `cargo`, the one that runs us, in the workspace.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::root());
    command
}

/// A program in a folder.
pub fn program(name: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(name);
    command.current_dir(folder);
    command
}

fn name(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
