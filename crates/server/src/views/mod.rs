//! The pages as structs: what each one shows.
