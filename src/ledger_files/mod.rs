//! The ledger's files, by which processes hand over what they sent and saw: what each holds, and a frame that reveals damage.

mod frame;
mod sides;

pub(crate) use frame::{LedgerFileError, Role as LedgerRole, read_figures, write_figures};
