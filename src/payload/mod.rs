//! What an event's payload holds: floodmark's own JSON, opaque bytes, or a text of the user's with places for parts and drawn fields.
//!
//! Every byte is a pure function of the seed and the event, except for the send time, which is known only when it is sent.

mod encoder;
mod field;
mod generator;
mod key_form;
pub mod schema;
pub mod template;

pub use encoder::{Encoder, EventParts};
pub use field::Field;
pub use field::{FieldFault, FieldKind};
pub use generator::{Drawn, FieldSeeds, Generator};
pub use key_form::KeyForm;
pub use template::{KeyText, Template};
