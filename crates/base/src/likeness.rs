//! Names that people could take for one another (threats 111, 130).

/// What remains of a name when letters that look alike are made one. For names in a–z, 0–9 and a few signs only.
pub fn likeness(name: &str) -> String {
    name.replace('0', "o").replace('1', "l").replace("rn", "m").replace("vv", "w")
}
