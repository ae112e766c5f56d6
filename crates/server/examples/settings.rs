//! Prints the reference of all settings, for the book.

fn main() {
    print!("{}", server::config::reference::markdown());
}
