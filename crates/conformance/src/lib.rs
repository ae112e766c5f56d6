//! A room for `tests/openidconnect`: a client library that we did not write, against the real binary.
//!
//! Promise: imports no crate of this workspace, so the binary is seen only through its sockets.
